#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

#include "compositor_census.h"
#include "compositor_control.h"
#include "compositor_frame.h"
#include "compositor_inspect.h"
#include "compositor_log.h"

#define PLACE_MAX 65536

/* A command on its way to the main thread; the control thread waits for it. */
struct request {
	struct compositor_server *server;
	char **argv;
	FILE *out;
	int argc;
};

static struct compositor_view *find_view(struct compositor_server *server, const char *which)
{
	struct compositor_view *view;
	char *end;
	unsigned long id = strtoul(which, &end, 10);

	wl_list_for_each(view, &server->views, link) {
		if (*end == '\0' && view->id == id)
			return view;
	}
	wl_list_for_each(view, &server->views, link) {
		if (strcmp(compositor_view_app_id(view), which) == 0 ||
		    strcmp(compositor_view_title(view), which) == 0)
			return view;
	}
	return NULL;
}

static int list_windows(void *data)
{
	struct request *request = data;
	struct compositor_view *focused = compositor_focused_view(request->server), *view;
	const char *separator = "";

	fputs("{\"ok\":true,\"windows\":[", request->out);
	wl_list_for_each(view, &request->server->views, link) {
		fprintf(request->out, "%s{\"id\":%u,\"title\":", separator, view->id);
		control_json_string(request->out, compositor_view_title(view));
		fputs(",\"app_id\":", request->out);
		control_json_string(request->out, compositor_view_app_id(view));
		fprintf(request->out, ",\"pid\":%d,\"x\":%d,\"y\":%d,\"width\":%d,\"height\":%d,"
			"\"focused\":%s,\"maximized\":%s,\"fullscreen\":%s}",
			(int)compositor_view_pid(view), view->box.x, view->box.y, view->box.width,
			view->box.height, view == focused ? "true" : "false",
			view->maximized ? "true" : "false", view->fullscreen ? "true" : "false");
		separator = ",";
	}
	fputs("]}", request->out);
	return 0;
}

static int focus_window(void *data)
{
	struct request *request = data;
	struct compositor_view *view = find_view(request->server, request->argv[1]);

	if (!view)
		return control_refuse(request->out, "no window '%s'", request->argv[1]);
	compositor_focus_view(request->server, view);
	compositor_pointer_update(request->server);
	fputs("{\"ok\":true}", request->out);
	return 0;
}

static int close_window(void *data)
{
	struct request *request = data;
	struct compositor_view *view = find_view(request->server, request->argv[1]);

	if (!view)
		return control_refuse(request->out, "no window '%s'", request->argv[1]);
	wlr_xdg_toplevel_send_close(view->xdg);
	fputs("{\"ok\":true}", request->out);
	return 0;
}

/* A coordinate of the layout; windows may stick out, but not by more than makes sense. */
static bool read_place(const char *word, int *place)
{
	char rest;

	return sscanf(word, "%6d%c", place, &rest) == 1 && abs(*place) <= PLACE_MAX;
}

static int place_window(void *data)
{
	struct request *request = data;
	struct compositor_view *view = find_view(request->server, request->argv[1]);
	int x, y;

	if (!view)
		return control_refuse(request->out, "no window '%s'", request->argv[1]);
	if (!read_place(request->argv[2], &x) || !read_place(request->argv[3], &y))
		return control_refuse(request->out, "place %s %s: two numbers", request->argv[2],
			request->argv[3]);
	if (view->maximized || view->fullscreen)
		return control_refuse(request->out, "'%s' has a place that its state gives it",
			request->argv[1]);
	view->resize_edges = 0;
	compositor_view_move(view, x, y);
	compositor_pointer_update(request->server);
	fputs("{\"ok\":true}", request->out);
	return 0;
}

static int print_renderer(void *data)
{
	struct request *request = data;

	fputs("{\"ok\":true,", request->out);
	compositor_render_print(&request->server->render, request->out);
	fputs("}", request->out);
	return 0;
}

/* The optional word of a switch. False = it is neither on nor off. */
static bool read_switch(const struct request *request, const char **word)
{
	*word = request->argc > 1 ? request->argv[1] : NULL;
	return !*word || strcmp(*word, "on") == 0 || strcmp(*word, "off") == 0;
}

static int planes(void *data)
{
	struct request *request = data;
	const char *word;

	if (!read_switch(request, &word))
		return control_refuse(request->out, "planes %s: on or off", word);
	if (word)
		compositor_frame_set_planes(request->server, strcmp(word, "on") == 0);
	fputs("{\"ok\":true,", request->out);
	compositor_report_planes(request->server, request->out);
	fputs("}", request->out);
	return 0;
}

static int inspect(void *data)
{
	struct request *request = data;
	struct compositor_inspect *inspector = request->server->inspect;
	const char *word;

	if (!read_switch(request, &word))
		return control_refuse(request->out, "inspect %s: on or off", word);
	if (word)
		compositor_inspect_set(inspector, strcmp(word, "on") == 0);
	fputs("{\"ok\":true,", request->out);
	compositor_inspect_print(inspector, request->out);
	fputs("}", request->out);
	return 0;
}

static int adaptive_sync(void *data)
{
	struct request *request = data;
	struct compositor_screen *screen;
	const char *word, *separator = "";

	if (!read_switch(request, &word))
		return control_refuse(request->out, "adaptive-sync %s: on or off", word);
	if (word)
		compositor_set_adaptive_sync(request->server, strcmp(word, "on") == 0);
	fputs("{\"ok\":true,\"outputs\":[", request->out);
	wl_list_for_each(screen, &request->server->screens, link) {
		fprintf(request->out, "%s{\"name\":", separator);
		control_json_string(request->out, screen->output->name);
		fprintf(request->out, ",\"adaptive_sync\":%s}",
			screen->output->adaptive_sync_status == WLR_OUTPUT_ADAPTIVE_SYNC_ENABLED ?
			"true" : "false");
		separator = ",";
	}
	fputs("]}", request->out);
	return 0;
}

static int quit(void *data)
{
	struct request *request = data;

	compositor_info("control: quit");
	request->server->options->on_quit(request->server->options->data);
	fputs("{\"ok\":true}", request->out);
	return 0;
}

static int print_census(void *data)
{
	struct request *request = data;
	struct compositor_census census = {0};

	bool ok = compositor_census_take(request->server, &census);
	fputs(",", request->out);
	compositor_census_print(&census, request->out);
	fprintf(request->out, ",\"copied_bytes\":%" PRIu64, census.copied_bytes);
	compositor_census_finish(&census);
	return ok ? 0 : -ENOMEM;
}

/* struct platform.print_state; says nothing of surfaces while the compositor ends. */
static void print_state(void *data, FILE *out)
{
	struct compositor_control *control = data;
	struct request request = {.server = control->server, .out = out};

	compositor_call(control->calls, print_census, &request);
}

static const struct command {
	const char *name, *help;
	int words, optional;
	int (*run)(void *data); /* struct request, on the main thread */
} commands[] = {
	{"windows", "the windows, last used first", 1, 0, list_windows},
	{"focus", "focus WHICH: raise a window and give it the keyboard; WHICH is an id, app_id "
		"or title", 2, 0, focus_window},
	{"close", "close WHICH: ask a window to close", 2, 0, close_window},
	{"place", "place WHICH X Y: put a window's top left corner there", 4, 0, place_window},
	{"renderer", "who draws, and how many batches the GPU has taken", 1, 0, print_renderer},
	{"planes", "planes [on|off]: what is on which plane of the device, and how surfaces are shown; "
		"off: everything is composited", 1, 1, planes},
	{"inspect", "inspect [on|off]: labels on the screen that say whose buffer is on which plane; "
		"what they say", 1, 1, inspect},
	{"adaptive-sync", "adaptive-sync [on|off]: whether outputs follow the frames in time", 1, 1,
		adaptive_sync},
	{"quit", "ends the compositor and its clients", 1, 0, quit},
};

static int handle(void *data, int argc, char **argv, FILE *out)
{
	struct compositor_control *control = data;
	struct request request = {.server = control->server, .argv = argv, .argc = argc, .out = out};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, argv[0]) != 0)
			continue;
		if (argc < commands[i].words || argc > commands[i].words + commands[i].optional)
			return control_refuse(out, "usage: %s%s", argv[0],
				commands[i].words == 4 ? " WHICH X Y" :
				commands[i].words == 2 ? " WHICH" :
				commands[i].optional ? " [on|off]" : "");
		return compositor_call(control->calls, commands[i].run, &request);
	}
	return -ENOENT;
}

int compositor_control_add(struct compositor_control *control, struct platform *platform)
{
	struct control_server *to = platform->control;
	int err = 0;

	platform->print_state_data = control;
	platform->print_state = print_state;

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(commands) && err == 0; i++)
		err = control_add(to, commands[i].name, commands[i].help, handle, control);
	return err;
}
