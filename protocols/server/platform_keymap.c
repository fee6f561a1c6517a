/* Names of keys, and the US layout the other way round: from characters to keys. */
#include <string.h>
#include <strings.h>

#include "platform_internal.h"

#define NAMED(name) {#name, KEY_##name}

static const struct {
	const char *name;
	uint16_t code;
} key_names[] = {
	NAMED(ESC), NAMED(1), NAMED(2), NAMED(3), NAMED(4), NAMED(5), NAMED(6), NAMED(7),
	NAMED(8), NAMED(9), NAMED(0), NAMED(MINUS), NAMED(EQUAL), NAMED(BACKSPACE), NAMED(TAB),
	NAMED(Q), NAMED(W), NAMED(E), NAMED(R), NAMED(T), NAMED(Y), NAMED(U), NAMED(I), NAMED(O),
	NAMED(P), NAMED(LEFTBRACE), NAMED(RIGHTBRACE), NAMED(ENTER), NAMED(LEFTCTRL), NAMED(A),
	NAMED(S), NAMED(D), NAMED(F), NAMED(G), NAMED(H), NAMED(J), NAMED(K), NAMED(L),
	NAMED(SEMICOLON), NAMED(APOSTROPHE), NAMED(GRAVE), NAMED(LEFTSHIFT), NAMED(BACKSLASH),
	NAMED(Z), NAMED(X), NAMED(C), NAMED(V), NAMED(B), NAMED(N), NAMED(M), NAMED(COMMA),
	NAMED(DOT), NAMED(SLASH), NAMED(RIGHTSHIFT), NAMED(KPASTERISK), NAMED(LEFTALT),
	NAMED(SPACE), NAMED(CAPSLOCK), NAMED(F1), NAMED(F2), NAMED(F3), NAMED(F4), NAMED(F5),
	NAMED(F6), NAMED(F7), NAMED(F8), NAMED(F9), NAMED(F10), NAMED(NUMLOCK),
	NAMED(SCROLLLOCK), NAMED(KP7), NAMED(KP8), NAMED(KP9), NAMED(KPMINUS), NAMED(KP4),
	NAMED(KP5), NAMED(KP6), NAMED(KPPLUS), NAMED(KP1), NAMED(KP2), NAMED(KP3), NAMED(KP0),
	NAMED(KPDOT), NAMED(102ND), NAMED(F11), NAMED(F12), NAMED(KPENTER), NAMED(RIGHTCTRL),
	NAMED(KPSLASH), NAMED(SYSRQ), NAMED(RIGHTALT), NAMED(HOME), NAMED(UP), NAMED(PAGEUP),
	NAMED(LEFT), NAMED(RIGHT), NAMED(END), NAMED(DOWN), NAMED(PAGEDOWN), NAMED(INSERT),
	NAMED(DELETE), NAMED(MUTE), NAMED(VOLUMEDOWN), NAMED(VOLUMEUP), NAMED(POWER),
	NAMED(KPEQUAL), NAMED(PAUSE), NAMED(LEFTMETA), NAMED(RIGHTMETA), NAMED(COMPOSE),
	/* what people call them */
	{"ESCAPE", KEY_ESC}, {"RETURN", KEY_ENTER}, {"CTRL", KEY_LEFTCTRL},
	{"SHIFT", KEY_LEFTSHIFT}, {"ALT", KEY_LEFTALT}, {"SUPER", KEY_LEFTMETA},
};

/* Keys in rows, as on the keyboard: what each gives plain and with shift. */
static const struct {
	uint16_t first; /* code of the row's first key; the others follow it */
	const char *plain, *shifted;
} rows[] = {
	{KEY_1, "1234567890-=", "!@#$%^&*()_+"},
	{KEY_Q, "qwertyuiop[]\n", "QWERTYUIOP{}"},
	{KEY_A, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
	{KEY_BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
	{KEY_TAB, "\t", ""},
	{KEY_SPACE, " ", ""},
};

int platform_key_code(const char *name)
{
	long code;

	/* A lone digit is the key with that digit on it; codes below 10 are KEY_ names too. */
	if (name[0] && name[1] && platform_parse_int(name, 1, KEY_MAX, &code))
		return code;
	if (strncasecmp(name, "KEY_", 4) == 0)
		name += 4;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(key_names); i++) {
		if (strcasecmp(name, key_names[i].name) == 0)
			return key_names[i].code;
	}
	return -1;
}

bool platform_key_of_char(char c, uint16_t *code, bool *shift)
{
	for (unsigned i = 0; c != '\0' && i < GEM_ARRAY_SIZE(rows); i++) {
		const char *plain = strchr(rows[i].plain, c);
		const char *shifted = strchr(rows[i].shifted, c);
		if (!plain && !shifted)
			continue;
		*shift = !plain;
		*code = rows[i].first + (plain ? plain - rows[i].plain : shifted - rows[i].shifted);
		return true;
	}
	return false;
}
