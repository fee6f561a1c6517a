#include <string.h>

#include "gpu_span.h"

/*
 * Copies are the C library's. All others are for AVX2; a processor without it
 * gets pixman's SSE2, which is what these were measured against.
 */
static void copy_row(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
	size_t ahead)
{
	memcpy(to, from, n * 4);
}

/* x * m / 255, rounded; exact for 8 bits each, as pixman's MUL_UN8. */
static uint32_t multiply(uint32_t x, uint32_t m)
{
	uint32_t t = x * m + 128;

	return (t + (t >> 8)) >> 8;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define INLINE __attribute__((target("avx2"), always_inline)) static inline

/* The first n of 8 pixels. */
INLINE __m256i first(size_t n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE __m256i load(const uint32_t *pixels)
{
	return _mm256_loadu_si256((const void *)pixels);
}

INLINE void store(uint32_t *pixels, __m256i value)
{
	_mm256_storeu_si256((void *)pixels, value);
}

/* The ends of rows, n < 8. Masked stores take longer than all of this on some processors. */
INLINE __m256i load_first(const uint32_t *pixels, size_t n)
{
	return _mm256_maskload_epi32((const void *)pixels, first(n));
}

INLINE void store_first(uint32_t *pixels, __m256i value, size_t n)
{
	__m128i part = _mm256_castsi256_si128(value);

	if (n & 4) {
		_mm_storeu_si128((void *)pixels, part);
		part = _mm256_extracti128_si256(value, 1);
		pixels += 4;
	}
	if (n & 2) {
		_mm_storel_epi64((void *)pixels, part);
		part = _mm_srli_si128(part, 8);
		pixels += 2;
	}
	if (n & 1)
		*pixels = _mm_cvtsi128_si32(part);
}

/* Channels of 16 bits, products of two bytes: / 255, rounded. */
INLINE __m256i divide(__m256i product)
{
	product = _mm256_add_epi16(product, _mm256_set1_epi16(128));
	return _mm256_mulhi_epu16(product, _mm256_set1_epi16(0x101));
}

/* The bytes of pixels times the 16-bit factors of the low and of the high halves' bytes. */
INLINE __m256i scale(__m256i pixels, __m256i low, __m256i high)
{
	__m256i zero = _mm256_setzero_si256();

	return _mm256_packus_epi16(
		divide(_mm256_mullo_epi16(_mm256_unpacklo_epi8(pixels, zero), low)),
		divide(_mm256_mullo_epi16(_mm256_unpackhi_epi8(pixels, zero), high)));
}

INLINE __m256i over(__m256i source, __m256i target)
{
	const __m256i low = _mm256_setr_epi8(3, -1, 3, -1, 3, -1, 3, -1, 7, -1, 7, -1, 7, -1, 7, -1,
		3, -1, 3, -1, 3, -1, 3, -1, 7, -1, 7, -1, 7, -1, 7, -1);
	const __m256i high = _mm256_setr_epi8(11, -1, 11, -1, 11, -1, 11, -1, 15, -1, 15, -1, 15, -1,
		15, -1, 11, -1, 11, -1, 11, -1, 11, -1, 15, -1, 15, -1, 15, -1, 15, -1);
	/* 255 - x */
	__m256i inverse = _mm256_xor_si256(source, _mm256_set1_epi8(-1));

	return _mm256_adds_epu8(source, scale(target, _mm256_shuffle_epi8(inverse, low),
		_mm256_shuffle_epi8(inverse, high)));
}

/* What is the same for every pixel of a row. */
struct wide {
	__m256i set, order, alpha;
};

INLINE struct wide widen(const struct gpu_span *span)
{
	const __m256i kept = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m256i swapped = _mm256_setr_epi8(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12,
		15, 2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15);

	return (struct wide){_mm256_set1_epi32(span->set), span->swap ? swapped : kept,
		_mm256_set1_epi16(span->alpha)};
}

/* What rows differ in, known where they are made. */
enum { FADED = 1 /* alpha is not 255 */, AS_IT_IS = 2 /* nothing is set or swapped */ };

/* As the target wants them. */
INLINE __m256i prepare(const struct wide *wide, __m256i pixels, unsigned kind)
{
	if (!(kind & AS_IT_IS))
		pixels = _mm256_or_si256(_mm256_shuffle_epi8(pixels, wide->order), wide->set);
	return kind & FADED ? scale(pixels, wide->alpha, wide->alpha) : pixels;
}

/*
 * The processor's own prefetching gives up at each page, and computing keeps it
 * from running far ahead: asking for a cache line of the next rows with every 16
 * pixels makes OVER from memory 1.6 times as fast.
 */
INLINE void fetch(const uint32_t *from, size_t ahead)
{
	if (ahead)
		_mm_prefetch((const char *)from + ahead, _MM_HINT_T0);
}

INLINE void source_rows(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
	size_t ahead, unsigned kind)
{
	struct wide wide = widen(span);

	for (; n >= 16; n -= 16, to += 16, from += 16) {
		fetch(from, ahead);
		store(to, prepare(&wide, load(from), kind));
		store(to + 8, prepare(&wide, load(from + 8), kind));
	}
	if (n >= 8) {
		store(to, prepare(&wide, load(from), kind));
		n -= 8, to += 8, from += 8;
	}
	if (n)
		store_first(to, prepare(&wide, load_first(from, n), kind), n);
}

AVX2 static void set_row(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
	size_t ahead)
{
	source_rows(span, to, from, n, ahead, 0);
}

AVX2 static void set_faded_row(const struct gpu_span *span, uint32_t *to, const uint32_t *from,
	size_t n, size_t ahead)
{
	source_rows(span, to, from, n, ahead, FADED);
}

INLINE void blend_8(uint32_t *to, __m256i source)
{
	store(to, over(source, load(to)));
}

/* Runs of pixels that are opaque, or nothing at all, need no target. */
INLINE void over_16(uint32_t *to, __m256i left, __m256i right, unsigned kind)
{
	if (!(kind & FADED) && _mm256_testc_si256(_mm256_and_si256(left, right),
		_mm256_set1_epi32(0xff000000))) {
		store(to, left);
		store(to + 8, right);
	} else if (kind & FADED || !_mm256_testc_si256(_mm256_setzero_si256(),
		_mm256_or_si256(left, right))) {
		blend_8(to, left);
		blend_8(to + 8, right);
	}
}

INLINE void over_rows(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
	size_t ahead, unsigned kind)
{
	struct wide wide = widen(span);

	for (; n >= 16; n -= 16, to += 16, from += 16) {
		fetch(from, ahead);
		over_16(to, prepare(&wide, load(from), kind), prepare(&wide, load(from + 8), kind),
			kind);
	}
	if (n >= 8) {
		blend_8(to, prepare(&wide, load(from), kind));
		n -= 8, to += 8, from += 8;
	}
	if (n)
		store_first(to, over(prepare(&wide, load_first(from, n), kind), load_first(to, n)),
			n);
}

AVX2 static void over_row(const struct gpu_span *span, uint32_t *to, const uint32_t *from,
	size_t n, size_t ahead)
{
	if (span->swap || span->set)
		over_rows(span, to, from, n, ahead, 0);
	else
		over_rows(span, to, from, n, ahead, AS_IT_IS);
}

AVX2 static void over_faded_row(const struct gpu_span *span, uint32_t *to, const uint32_t *from,
	size_t n, size_t ahead)
{
	if (span->swap || span->set)
		over_rows(span, to, from, n, ahead, FADED);
	else
		over_rows(span, to, from, n, ahead, FADED | AS_IT_IS);
}

AVX2 static void fill_row(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
	size_t ahead)
{
	__m256i color = _mm256_set1_epi32(span->color);

	for (; n >= 8; n -= 8, to += 8)
		store(to, color);
	store_first(to, color, n);
}

AVX2 static void tint_row(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
	size_t ahead)
{
	__m256i color = _mm256_set1_epi32(span->color);

	for (; n >= 8; n -= 8, to += 8)
		blend_8(to, color);
	if (n)
		store_first(to, over(color, load_first(to, n)), n);
}

/* Up to a cache line's start, and what is behind the last one, as in the plain rows. */
INLINE void stream_rows(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
	size_t ahead)
{
	size_t head = (64 - (uintptr_t)to % 64) % 64 / 4;
	__m256i color = _mm256_set1_epi32(span->color);

	head = head < n ? head : n;
	span->row(span, to, from, head, 0);
	to += head;
	n -= head;
	if (from)
		from += head;
	for (; n >= 16; n -= 16, to += 16) {
		if (from)
			fetch(from, ahead);
		_mm256_stream_si256((void *)to, from ? load(from) : color);
		_mm256_stream_si256((void *)(to + 8), from ? load(from + 8) : color);
		if (from)
			from += 16;
	}
	span->row(span, to, from, n, 0);
}

AVX2 static void stream_copy(const struct gpu_span *span, uint32_t *to, const uint32_t *from,
	size_t n, size_t ahead)
{
	stream_rows(span, to, from, n, ahead);
}

AVX2 static void stream_fill(const struct gpu_span *span, uint32_t *to, const uint32_t *from,
	size_t n, size_t ahead)
{
	stream_rows(span, to, NULL, n, 0);
}

void gpu_span_settle(void)
{
	_mm_sfence();
}

static bool have_vectors(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define stream_copy NULL
#define stream_fill NULL
#define set_row NULL
#define set_faded_row NULL
#define over_row NULL
#define over_faded_row NULL
#define fill_row NULL
#define tint_row NULL

void gpu_span_settle(void)
{
}

static bool have_vectors(void)
{
	return false;
}
#endif

static bool is_8888(pixman_format_code_t format)
{
	return format == PIXMAN_a8r8g8b8 || format == PIXMAN_x8r8g8b8 ||
		format == PIXMAN_a8b8g8r8 || format == PIXMAN_x8b8g8r8;
}

/* Red is low in memory. */
static bool is_bgr(pixman_format_code_t format)
{
	return PIXMAN_FORMAT_TYPE(format) == PIXMAN_TYPE_ABGR;
}

static uint32_t solid_color(uint32_t color, uint8_t alpha, bool swap)
{
	uint32_t a = multiply(color >> 24, alpha), r = multiply(color >> 16 & 0xff, alpha);
	uint32_t g = multiply(color >> 8 & 0xff, alpha), b = multiply(color & 0xff, alpha);

	return a << 24 | (swap ? b : r) << 16 | g << 8 | (swap ? r : b);
}

bool gpu_span_choose(struct gpu_span *span, pixman_op_t op, pixman_format_code_t from,
	pixman_format_code_t to, uint32_t color, uint8_t alpha)
{
	bool source_opaque = from && !PIXMAN_FORMAT_A(from);

	*span = (struct gpu_span){.alpha = alpha};
	if (!is_8888(to) || (from && !is_8888(from)))
		return false;
	if (!from) {
		span->color = solid_color(color, alpha, is_bgr(to));
		span->row = op == PIXMAN_OP_SRC || span->color >> 24 == 255 ? fill_row : tint_row;
		span->stream = span->row == fill_row ? stream_fill : NULL;
		return have_vectors();
	}
	span->set = source_opaque ? 0xff000000 : 0;
	span->swap = is_bgr(from) != is_bgr(to);
	if (op == PIXMAN_OP_OVER && !(source_opaque && alpha == 255))
		span->row = alpha == 255 ? over_row : over_faded_row;
	else if (alpha < 255)
		span->row = set_faded_row;
	else
		span->row = span->swap || (source_opaque && PIXMAN_FORMAT_A(to)) ? set_row :
			copy_row;
	if (span->row == copy_row && have_vectors())
		span->stream = stream_copy;
	return span->row == copy_row || have_vectors();
}
