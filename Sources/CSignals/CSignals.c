#define _GNU_SOURCE
#include "CSignals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int stopSignal;
static atomic_int checkpointRequested;
static atomic_long firstStopMilliseconds;

// "lockstep: rank 1 on node2 (pid 4711)", made when nothing has gone wrong yet; the handler only copies it.
static char identity[320];
static volatile int identityLength;

static struct sigaction previousActions[65];
static char alternateStack[65536];

// A stop that reaches a process by two ways (mpirun forwards what the batch system also sent) is one stop.
enum { sameStopMilliseconds = 250 };

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int appendText(char *buffer, int at, int capacity, const char *text) {
    while (*text && at < capacity) buffer[at++] = *text++;
    return at;
}

static int appendNumber(char *buffer, int at, int capacity, long number) {
    char digits[24];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0 && at < capacity) buffer[at++] = digits[--count];
    return at;
}

static void onStop(int signal) {
    int expected = 0;
    long now = milliseconds();
    if (atomic_compare_exchange_strong(&stopSignal, &expected, signal)) {
        atomic_store(&firstStopMilliseconds, now);
        return;
    }
    if (now - atomic_load(&firstStopMilliseconds) < sameStopMilliseconds) return;
    _exit(128 + signal);
}

static void onCheckpoint(int signal) {
    (void)signal;
    atomic_store(&checkpointRequested, 1);
}

static const char *crashText(int signal) {
    switch (signal) {
        case SIGSEGV: return "SIGSEGV, an access to memory that is not there";
        case SIGBUS: return "SIGBUS, a mapped file that was cut short or a full /dev/shm";
        case SIGFPE: return "SIGFPE, an integer division";
        case SIGILL: return "SIGILL, a failed check of the program (its message stands above) or an instruction this CPU lacks";
        case SIGTRAP: return "SIGTRAP, a failed check of the program (its message stands above)";
        case SIGABRT: return "SIGABRT";
        default: return "a signal";
    }
}

static void onCrash(int signal, siginfo_t *information, void *context) {
    (void)context;
    char line[512];
    int capacity = (int)sizeof line - 1;
    int at = 0;
    for (int i = 0; i < identityLength && at < capacity; i++) line[at++] = identity[i];
    at = appendText(line, at, capacity, " crashed: ");
    at = appendText(line, at, capacity, crashText(signal));
    line[at++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)at);
    (void)ignored;
    // Whoever was here before (the Swift runtime's backtracer, else the default) has the last word. A faulting instruction raises its
    // signal again when it is tried again, which shows a backtracer the place; everything else has to be sent anew.
    sigaction(signal, &previousActions[signal], NULL);
    if (information->si_code > 0 && signal != SIGTRAP) return;
    raise(signal);
}

void lockstep_signals_install(int rank, const char *host) {
    int at = 0;
    int capacity = (int)sizeof identity;
    identityLength = 0;
    at = appendText(identity, at, capacity, "lockstep: ");
    if (rank >= 0) {
        at = appendText(identity, at, capacity, "rank ");
        at = appendNumber(identity, at, capacity, rank);
        at = appendText(identity, at, capacity, " on ");
    }
    at = appendText(identity, at, capacity, host);
    at = appendText(identity, at, capacity, " (pid ");
    at = appendNumber(identity, at, capacity, (long)getpid());
    at = appendText(identity, at, capacity, ")");
    identityLength = at;

    static int installed;
    if (installed) return;
    installed = 1;

    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    action.sa_handler = onStop;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = onCheckpoint;
    sigaction(SIGUSR1, &action, NULL);

    // A stack overflow leaves no stack to run a handler on.
    stack_t stack;
    memset(&stack, 0, sizeof stack);
    stack.ss_sp = alternateStack;
    stack.ss_size = sizeof alternateStack;
    sigaltstack(&stack, NULL);
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    action.sa_sigaction = onCrash;
    action.sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO;
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        sigaction(crashes[i], &action, &previousActions[crashes[i]]);
    }
}

int lockstep_signals_stop_requested(void) { return atomic_load_explicit(&stopSignal, memory_order_relaxed); }

int lockstep_signals_take_checkpoint_request(void) {
    return atomic_load_explicit(&checkpointRequested, memory_order_relaxed) && atomic_exchange(&checkpointRequested, 0);
}
