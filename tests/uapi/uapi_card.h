/*
 * One card for tests of mode setting (over uapi_fixture.h): short names, a lit
 * screen, framebuffers and events.
 */
#ifndef UAPI_CARD_H
#define UAPI_CARD_H

#include <drm.h>
#include <drm_mode.h>

#include "uapi.h"

/* There is one; card_start makes it. */
extern struct uapi_device *card;

void card_start(void);
/* Every descriptor must be closed by then. Checks that nothing is left. */
void card_stop(void);
int card_open(void);
void card_close(int fd);
/* As ioctl(2): -1 and errno. */
int card_ioctl(int fd, unsigned long request, void *arg);

/* A dumb buffer's handle; bpp 32. */
uint32_t card_dumb(int fd, uint32_t width, uint32_t height);
/* ADDFB2 of a new dumb buffer. */
uint32_t card_fb(int fd, uint32_t width, uint32_t height, uint32_t fourcc);
/* SETCRTC with the preferred mode (1024x768) and a new fb; its id. */
uint32_t card_light(int fd);
/* The next event, waiting up to 2 s for it; fails the test when none comes. */
void card_read_event(int fd, void *event);
bool card_has_event(int fd);

#endif
