/*
 * The door of a process that carries the device: what libdrm, wlroots, libudev
 * and libinput open and ask in this process goes straight to the platform, by
 * a function call.
 */
#ifndef COMPOSITOR_DOOR_H
#define COMPOSITOR_DOOR_H

struct platform;
struct uapi_device;

/* Before any device is opened. platform outlives compositor_door_close and all threads but ours. */
void compositor_door_open(struct platform *platform);
/* After the last of this process's device files was closed. */
void compositor_door_close(void);
/*
 * The device that the backend drives, card 0's: for reports of what no request tells.
 * NULL before compositor_door_open.
 */
struct uapi_device *compositor_door_card(void);

#endif
