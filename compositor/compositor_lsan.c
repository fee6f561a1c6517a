/*
 * For builds with AddressSanitizer. wlroots 0.15 keeps a removed global (each
 * wl_output, the wl_seat) for 5 s, on a timer that an earlier end of the event
 * loop leaks. Frames without frame pointers cut its stack to the allocator.
 */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default")))
const char *__lsan_default_suppressions(void)
{
	return "leak:wlr_global_destroy_safe\nleak:wl_event_loop_add_timer\n";
}
