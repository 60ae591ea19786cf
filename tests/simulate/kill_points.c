#include "kill_points.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WAITS = 4 };

typedef struct wait_point {
    const char *call, *ending, *pause;
} wait_point;

static bool counting;
static unsigned steps, kill_before;
static int trace_file = -1;
static wait_point waits[MOST_WAITS];
static unsigned wait_count, wait_next;

/* The linker's names: __wrap_X is called instead of X, __real_X is X. With glibc, _FILE_OFFSET_BITS=64 makes
   open64 of open. */
#ifdef __GLIBC__
#define WRAP(name) __wrap_##name##64
#define REAL(name) __real_##name##64
#else
#define WRAP(name) __wrap_##name
#define REAL(name) __real_##name
#endif
int __real_mkdir(const char *path, mode_t mode);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_rmdir(const char *path);
int __real_remove(const char *path);
int REAL(ftruncate)(int file, off_t size);
int REAL(open)(const char *path, int flags, ...);
FILE *REAL(fopen)(const char *path, const char *mode);
int __real_fclose(FILE *stream);
int __real_prctl(int option, ...);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_remove(const char *path);
int WRAP(ftruncate)(int file, off_t size);
int WRAP(open)(const char *path, int flags, ...);
FILE *WRAP(fopen)(const char *path, const char *mode);
int __wrap_fclose(FILE *stream);
int __wrap_prctl(int option, ...);

void kill_points_begin(unsigned kill_at, const char *trace)
{
    steps = 0;
    kill_before = kill_at;
    trace_file = trace ? REAL(open)(trace, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    counting = true;
}

void kill_points_wait_at(const char *call, const char *ending, const char *pause)
{
    if (wait_count < MOST_WAITS)
        waits[wait_count++] = (wait_point){call, ending, pause};
}

static void wait_here(const char *pause)
{
    char name[1100];
    struct stat info;
    snprintf(name, sizeof name, "%s.waits", pause);
    close(REAL(open)(name, O_WRONLY | O_CREAT, 0666));
    snprintf(name, sizeof name, "%s.go", pause);
    while (stat(name, &info) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), wanted = strlen(ending);
    return size >= wanted && strcmp(text + size - wanted, ending) == 0;
}

static void step(const char *call, const char *path)
{
    if (!counting)
        return;
    steps++;
    if (trace_file >= 0) {
        char line[1200];
        int size = snprintf(line, sizeof line, "%u %s %s\n", steps, call, path);
        if (size > 0 && write(trace_file, line, (size_t)size) != size)
            _exit(98);
    }
    if (steps == kill_before)
        raise(SIGKILL);
    const wait_point *w = &waits[wait_next];
    if (wait_next < wait_count && strcmp(w->call, call) == 0 && ends_with(path, w->ending)) {
        wait_next++;
        wait_here(w->pause);
    }
}

static bool is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    if (!is_there(path))
        step("mkdir", path);
    return __real_mkdir(path, mode);
}

int __wrap_rename(const char *from, const char *to)
{
    step("rename", to);
    return __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    if (is_there(path))
        step("unlink", path);
    return __real_unlink(path);
}

int __wrap_rmdir(const char *path)
{
    if (is_there(path))
        step("rmdir", path);
    return __real_rmdir(path);
}

int __wrap_remove(const char *path)
{
    if (is_there(path))
        step("remove", path);
    return __real_remove(path);
}

int WRAP(ftruncate)(int file, off_t size)
{
    step("ftruncate", "");
    return REAL(ftruncate)(file, size);
}

int WRAP(open)(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (flags & O_CREAT)
        step("open", path);
    return REAL(open)(path, flags, mode);
}

FILE *WRAP(fopen)(const char *path, const char *mode)
{
    if (mode[0] != 'r')
        step("fopen", path);
    return REAL(fopen)(path, mode);
}

/* Whatever is small enough to be in the buffer still is not in the file before this. */
int __wrap_fclose(FILE *stream)
{
    int flags = fcntl(fileno(stream), F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        step("fclose", "");
    return __real_fclose(stream);
}

int __wrap_prctl(int option, ...)
{
    va_list args;
    va_start(args, option);
    unsigned long value = va_arg(args, unsigned long);
    va_end(args);
    step("prctl", "");
    return __real_prctl(option, value);
}
