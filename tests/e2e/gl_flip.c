/*
 * GL into dma-bufs, flipped to as soon as the last call was made, as compositors do it. Each frame
 * is one colour all over, drawn in many layers of which only the last one has it: what is scanned
 * out before it is finished has more colours than one. Prints a line for each frame shown.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>
#include <GLES2/gl2ext.h>
#include <drm_fourcc.h>
#include <gbm.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

enum { LAYERS = 200 };

struct buffer {
	uint32_t id;   /* of KMS */
	GLuint target; /* of GL */
};

static int card;
static uint32_t crtc, connector;
static drmModeModeInfo mode;
static struct gbm_device *gbm;
static EGLDisplay display;
static GLint uniform;

static void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

static void find_screen(void)
{
	drmModeRes *res = drmModeGetResources(card);

	require(res != NULL, "resources");
	for (int i = 0; i < res->count_connectors && !connector; i++) {
		drmModeConnector *found = drmModeGetConnector(card, res->connectors[i]);

		if (found->connection == DRM_MODE_CONNECTED) {
			connector = found->connector_id;
			mode = found->modes[0];
		}
		drmModeFreeConnector(found);
	}
	crtc = res->crtcs[0];
	drmModeFreeResources(res);
	require(connector != 0, "connector");
}

static GLuint shader(GLenum kind, const char *text)
{
	GLuint made = glCreateShader(kind);
	GLint ok;

	glShaderSource(made, 1, &text, NULL);
	glCompileShader(made);
	glGetShaderiv(made, GL_COMPILE_STATUS, &ok);
	require(ok, "shader");
	return made;
}

static void start_gl(void)
{
	static const EGLint version[] = {EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE};

	gbm = gbm_create_device(card);
	display = eglGetPlatformDisplay(EGL_PLATFORM_GBM_KHR, gbm, NULL);
	require(eglInitialize(display, NULL, NULL), "eglInitialize");
	eglBindAPI(EGL_OPENGL_ES_API);
	require(eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, eglCreateContext(display,
		EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, version)), "eglMakeCurrent");
}

/* As wlroots has them: a dma-buf, an image of it, a GL framebuffer of that. */
static void create_buffer(struct buffer *buffer)
{
	struct gbm_bo *bo = gbm_bo_create(gbm, mode.hdisplay, mode.vdisplay, GBM_FORMAT_XRGB8888,
		GBM_BO_USE_SCANOUT | GBM_BO_USE_RENDERING | GBM_BO_USE_LINEAR);
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0};
	GLuint renderbuffer;

	require(bo != NULL, "gbm_bo_create");
	handles[0] = gbm_bo_get_handle(bo).u32;
	pitches[0] = gbm_bo_get_stride(bo);
	const EGLint attributes[] = {EGL_WIDTH, mode.hdisplay, EGL_HEIGHT, mode.vdisplay,
		EGL_LINUX_DRM_FOURCC_EXT, DRM_FORMAT_XRGB8888, EGL_DMA_BUF_PLANE0_FD_EXT,
		gbm_bo_get_fd(bo), EGL_DMA_BUF_PLANE0_OFFSET_EXT, 0, EGL_DMA_BUF_PLANE0_PITCH_EXT,
		pitches[0], EGL_NONE};
	PFNEGLCREATEIMAGEKHRPROC create = (void *)eglGetProcAddress("eglCreateImageKHR");
	PFNGLEGLIMAGETARGETRENDERBUFFERSTORAGEOESPROC storage =
		(void *)eglGetProcAddress("glEGLImageTargetRenderbufferStorageOES");
	EGLImageKHR image = create(display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, NULL, attributes);

	require(image != EGL_NO_IMAGE_KHR, "eglCreateImageKHR");
	glGenRenderbuffers(1, &renderbuffer);
	glBindRenderbuffer(GL_RENDERBUFFER, renderbuffer);
	storage(GL_RENDERBUFFER, image);
	glGenFramebuffers(1, &buffer->target);
	glBindFramebuffer(GL_FRAMEBUFFER, buffer->target);
	glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, renderbuffer);
	require(glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE, "framebuffer");
	require(drmModeAddFB2(card, mode.hdisplay, mode.vdisplay, DRM_FORMAT_XRGB8888, handles,
		pitches, offsets, &buffer->id, 0) == 0, "AddFB2");
}

static void start_program(void)
{
	static const GLfloat corners[] = {-1, -1, 3, -1, -1, 3};
	GLuint program = glCreateProgram();

	glAttachShader(program, shader(GL_VERTEX_SHADER,
		"attribute vec2 at; void main() { gl_Position = vec4(at, 0.0, 1.0); }"));
	glAttachShader(program, shader(GL_FRAGMENT_SHADER,
		"precision mediump float; uniform vec4 color; void main() { gl_FragColor = color; }"));
	glBindAttribLocation(program, 0, "at");
	glLinkProgram(program);
	glUseProgram(program);
	uniform = glGetUniformLocation(program, "color");
	glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, corners);
	glEnableVertexAttribArray(0);
	/* Blended: none of the layers can be left out. */
	glEnable(GL_BLEND);
	glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
}

static void draw(const struct buffer *buffer, int frame)
{
	glBindFramebuffer(GL_FRAMEBUFFER, buffer->target);
	glViewport(0, 0, mode.hdisplay, mode.vdisplay);
	for (int i = 0; i < LAYERS; i++) {
		glUniform4f(uniform, i % 2, (i / 2) % 2, 0.5f, 0.5f);
		glDrawArrays(GL_TRIANGLES, 0, 3);
	}
	glUniform4f(uniform, (frame & 1) ? 1.0f : 0.0f, (frame & 2) ? 1.0f : 0.0f,
		(frame & 4) ? 1.0f : 0.0f, 1.0f);
	glDrawArrays(GL_TRIANGLES, 0, 3);
	glFlush(); /* not glFinish: nobody who draws frames in time does */
}

static void handle_flip(int fd, unsigned int sequence, unsigned int sec, unsigned int usec,
	void *data)
{
	*(int *)data = 0;
}

static void wait_flip(int *pending)
{
	drmEventContext context = {.version = 2, .page_flip_handler = handle_flip};
	struct pollfd waiting = {card, POLLIN, 0};

	while (*pending && poll(&waiting, 1, -1) > 0)
		drmHandleEvent(card, &context);
}

int main(int argc, char **argv)
{
	int frames = argc > 1 ? atoi(argv[1]) : 60, pending = 0;
	struct buffer buffers[2];

	card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	require(card >= 0, "open");
	find_screen();
	start_gl();
	start_program();
	create_buffer(&buffers[0]);
	create_buffer(&buffers[1]);
	for (int i = 0; i < frames; i++) {
		const struct buffer *buffer = &buffers[i & 1];

		draw(buffer, i);
		if (i == 0) {
			require(drmModeSetCrtc(card, crtc, buffer->id, 0, 0, &connector, 1, &mode) == 0,
				"SetCrtc");
		} else {
			pending = 1;
			require(drmModePageFlip(card, crtc, buffer->id, DRM_MODE_PAGE_FLIP_EVENT,
				&pending) == 0, "PageFlip");
			wait_flip(&pending);
		}
		printf("shown %d\n", i);
	}
	return 0;
}
