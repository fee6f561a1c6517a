/*
 * linux-dmabuf feedback for single surfaces: one that could be on a plane is told
 * in which formats and layouts it would be, before those that are composited.
 * Clients take what comes first.
 */
#ifndef COMPOSITOR_HINT_H
#define COMPOSITOR_HINT_H

#include <sys/types.h>

struct compositor_hints;
struct compositor_screen;
struct compositor_server;

/* After the renderer and its linux-dmabuf; without that there is nothing to tell. */
int compositor_hints_create(struct compositor_server *server, struct compositor_hints **out);
void compositor_hints_destroy(struct compositor_hints *hints); /* NULL is fine */

/*
 * screen.frame's sheets have been shown: who has become a candidate for a plane, or
 * is none any more, is told so. Nobody is told the same twice.
 */
void compositor_hints_update(struct compositor_screen *screen);

#endif
