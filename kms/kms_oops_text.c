#include "kms_oops_internal.h"

void kms_oops_text_init(struct kms_oops_text *text, char *buffer, unsigned size)
{
	text->at = buffer;
	text->end = buffer + size - 1;
	*text->at = '\0';
}

static void put_char(struct kms_oops_text *text, char c)
{
	if (text->at < text->end)
		*text->at++ = c;
	*text->at = '\0';
}

void kms_oops_put(struct kms_oops_text *text, const char *string)
{
	while (*string)
		put_char(text, *string++);
}

void kms_oops_put_hex(struct kms_oops_text *text, uint64_t value, unsigned digits)
{
	while (digits < 16 && value >> digits * 4)
		digits++;
	while (digits-- > 0)
		put_char(text, "0123456789abcdef"[value >> digits * 4 & 15]);
}

void kms_oops_put_number(struct kms_oops_text *text, uint64_t value)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = '0' + value % 10;
		value /= 10;
	} while (value);
	while (count > 0)
		put_char(text, digits[--count]);
}
