#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

/* Length of the UTF-8 sequence at text, 0 when it is not one (RFC 3629, section 4). */
static unsigned utf8_length(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	unsigned length;

	if (text[0] >= 0xc2 && text[0] <= 0xdf) {
		length = 2;
	} else if (text[0] >= 0xe0 && text[0] <= 0xef) {
		length = 3;
		if (text[0] == 0xe0)
			low = 0xa0;
		if (text[0] == 0xed)
			high = 0x9f;
	} else if (text[0] >= 0xf0 && text[0] <= 0xf4) {
		length = 4;
		if (text[0] == 0xf0)
			low = 0x90;
		if (text[0] == 0xf4)
			high = 0x8f;
	} else {
		return 0;
	}
	if (text[1] < low || text[1] > high)
		return 0;
	for (unsigned i = 2; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

void control_json_string(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', out);
	while (*at) {
		unsigned length = *at < 0x80 ? 1 : utf8_length(at);
		if (length == 0) {
			fputs("\\ufffd", out);
			length = 1;
		} else if (*at == '"' || *at == '\\') {
			fprintf(out, "\\%c", *at);
		} else if (*at < 0x20 || *at == 0x7f) {
			fprintf(out, "\\u%04x", *at);
		} else {
			fwrite(at, 1, length, out);
		}
		at += length;
	}
	fputc('"', out);
}

int control_refuse(FILE *out, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	fputs("{\"ok\":false,\"error\":", out);
	control_json_string(out, text);
	fputc('}', out);
	free(text);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A quoted part at *from, whose text goes to *to. */
static int unquote(char **from, char **to)
{
	char *in = *from + 1, *out = *to;

	for (; *in != '"'; in++) {
		if (*in == '\0')
			return -EINVAL;
		if (*in != '\\') {
			*out++ = *in;
			continue;
		}
		in++;
		if (*in != '"' && *in != '\\' && *in != 'n')
			return -EINVAL;
		*out++ = *in == 'n' ? '\n' : *in;
	}
	*from = in + 1;
	*to = out;
	return 0;
}

int control_split(char *line, char **words, int max)
{
	char *in = line;
	int count = 0;

	for (;;) {
		while (is_blank(*in))
			in++;
		if (*in == '\0')
			return count;
		if (count == max)
			return -E2BIG;
		/* A word never grows by unquoting, so it is written over itself. */
		char *out = in;
		words[count++] = out;
		while (*in != '\0' && !is_blank(*in)) {
			if (*in != '"')
				*out++ = *in++;
			else if (unquote(&in, &out) < 0)
				return -EINVAL;
		}
		bool end = *in == '\0';
		if (!end)
			in++;
		*out = '\0';
		if (end)
			return count;
	}
}
