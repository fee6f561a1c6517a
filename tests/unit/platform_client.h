/* A client in the platform's own process: what the in-process door does with its calls. */
#ifndef PLATFORM_CLIENT_H
#define PLATFORM_CLIENT_H

#include "platform.h"

int client_open(struct platform *platform, const char *path, int flags);
long client_ioctl(struct platform *platform, int fd, unsigned int request, void *arg);
/* As the preload library reads; 0 when there is nothing. */
long client_read_input(struct platform *platform, int fd, void *buf, size_t size);
/* XRGB8888, of a new dumb buffer, whose handle stays. */
struct drm_mode_fb_cmd2 client_add_fb(struct platform *platform, int fd, uint32_t width,
	uint32_t height);
/* Its control socket, which control_server_start has made. */
int client_connect_control(struct platform *platform);

#endif
