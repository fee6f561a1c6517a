/* For builds with AddressSanitizer: what LeakSanitizer must know of this program. */
#include <unistd.h>

const char *__lsan_default_suppressions(void);
int __lsan_is_turned_off(void);

static pid_t main_pid;

__attribute__((constructor)) static void remember_pid(void)
{
	main_pid = getpid();
}

/*
 * wlroots 0.15 keeps a removed global (each wl_output, the wl_seat) for 5 s, on
 * a timer that an earlier end of the event loop leaks. Frames without frame
 * pointers cut its stack to the allocator. libliftoff leaves its lists of an apply
 * whose test commit failed for another reason than the planes (ENODEV: unplugged), and a
 * plane that it could not look at for the same reason.
 * cairo keeps the faces of fonts for as long as the process lives, and fontconfig what it
 * found of them.
 */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:wlr_global_destroy_safe\nleak:wl_event_loop_add_timer\n"
		"leak:liftoff_output_apply\nleak:liftoff_plane_create\nleak:libfontconfig\n";
}

/*
 * The seat server that libseat forks has the sanitizer's locks as our threads
 * held them at the fork, and would wait for them for ever at its exit.
 */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void)
{
	return getpid() != main_pid;
}
