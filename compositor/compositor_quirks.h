/*
 * What libinput must know of our input devices: a virtual button does not
 * bounce. Else libinput holds back the release of a quick click for up to
 * 25 ms, in which motion of another device overtakes it.
 */
#ifndef COMPOSITOR_QUIRKS_H
#define COMPOSITOR_QUIRKS_H

/*
 * Writes a quirks file into a folder below dir and points libinput to it
 * (LIBINPUT_QUIRKS_DIR), for contexts made until compositor_quirks_finish,
 * which removes it. -errno.
 */
int compositor_quirks_init(const char *dir);
void compositor_quirks_finish(const char *dir);

#endif
