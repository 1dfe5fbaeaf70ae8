// Runs what mcconfig builds for Linux (mc.so) without a display, for tests: the SDK's own simulator is a
// desktop program. Compiled by the test against the SDK's screen.h; nothing of it is shipped.
//
//   headless mc.so
//
// Standard output is what the firmware traces. Ends at end of file on standard input with status 0, with
// 100 + n where XS aborts with status n (1: memory full, 2: stack overflow, 5: unhandled exception).

#define mxLinux 1
#include "screen.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ABORTED = 100, MISUSED = 64, SIDE = 16 };

static void end(int status)
{
	fflush(stdout);
	_exit(status);
}

// Called by XS where it cannot go on; a board restarts there.
static void handleAbort(txScreen* screen, int status)
{
	fprintf(stderr, "headless: XS aborted with status %d\n", status);
	end(ABORTED + status);
}

static void ignore(txScreen* screen) {}
static void ignoreMessage(txScreen* screen, char* bytes, int count) {}
static void ignoreStart(txScreen* screen, double interval) {}

static gboolean handleInput(GIOChannel* input, GIOCondition condition, gpointer none)
{
	gchar bytes[64];
	gsize count;
	if (g_io_channel_read_chars(input, bytes, sizeof bytes, &count, NULL) == G_IO_STATUS_EOF)
		end(0);
	return G_SOURCE_CONTINUE;
}

// XS has work of its own beside timers and sockets (promises, instruments): it asks to be called now and then.
static gboolean handleIdle(gpointer screen)
{
	if (((txScreen*)screen)->idle)
		((txScreen*)screen)->idle(screen);
	return G_SOURCE_CONTINUE;
}

int main(int count, char** arguments)
{
	void* library = count == 2 ? dlopen(arguments[1], RTLD_NOW) : NULL;
	txScreenLaunchProc launch = library ? (txScreenLaunchProc)dlsym(library, "fxScreenLaunch") : NULL;
	if (!launch) {
		fprintf(stderr, "headless: %s\n", count == 2 ? dlerror() : "usage: headless mc.so");
		return MISUSED;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);

	txScreen* screen = calloc(1, sizeof *screen + SIDE * SIDE * screenBytesPerPixel);
	screen->width = screen->height = SIDE;
	screen->abort = handleAbort;
	screen->bufferChanged = screen->formatChanged = screen->stop = ignore;
	screen->post = ignoreMessage;
	screen->start = ignoreStart;
	mxCreateMutex(&screen->workersMutex);

	GIOChannel* input = g_io_channel_unix_new(STDIN_FILENO);
	g_io_channel_set_encoding(input, NULL, NULL);
	g_io_channel_set_flags(input, G_IO_FLAG_NONBLOCK, NULL);
	g_io_add_watch(input, G_IO_IN | G_IO_HUP, handleInput, NULL);
	g_timeout_add(5, handleIdle, screen);

	launch(screen);
	g_main_loop_run(g_main_loop_new(NULL, FALSE));
	return 0;
}
