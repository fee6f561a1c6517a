/*
 * The card of uapi_fixture.h reached as a program reaches it: ioctl(2) is
 * defined here, so that the test's own calls and libdrm's go to the table when
 * the descriptor is the card's.
 */
#ifndef LIBDRM_FIXTURE_H
#define LIBDRM_FIXTURE_H

#include "uapi_fixture.h"

/* The one fixture of a test process; fixture_init and fixture_finish of it. */
struct uapi_fixture *libdrm_fixture_create(void);
struct uapi_fixture *libdrm_fixture_create_desc(const struct kms_device_desc *desc);
void libdrm_fixture_destroy(void);
/* New dumb buffer; *pitch is the ioctl's answer. */
uint32_t libdrm_fixture_dumb(int fd, uint32_t width, uint32_t height, uint32_t bpp,
	uint32_t *pitch);
/* Framebuffer of a new dumb buffer in format, whose handle is closed again. */
uint32_t libdrm_fixture_framebuffer(int fd, uint32_t width, uint32_t height, uint32_t format);

#endif
