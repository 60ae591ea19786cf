#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

static bcue_status open_file(const char *path, int *descriptor, size_t *size, bcue_error *error)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* else a FIFO would block */
    if (opened < 0)
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
    struct stat info;
    if (fstat(opened, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(opened);
        return bcue_fail(error, BCUE_ERROR_IO, "%s: not a regular file", path);
    }
    *descriptor = opened;
    *size = (size_t)info.st_size;
    return BCUE_OK;
}

bcue_status bcue_file_read(const char *path, size_t max_size, bcue_bytes *bytes, bcue_error *error)
{
    *bytes = (bcue_bytes){0};
    int descriptor;
    size_t size;
    BCUE_TRY(open_file(path, &descriptor, &size, error));
    if (size > max_size) {
        close(descriptor);
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: %zu bytes, more than the %zu allowed here", path, size,
                         max_size);
    }
    uint8_t *data = malloc(size + 1);
    if (data == NULL) {
        close(descriptor);
        return bcue_fail_memory(error, path);
    }
    size_t done = 0;
    errno = 0;
    while (done < size) {
        ssize_t got = read(descriptor, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    int read_errno = errno;
    close(descriptor);
    if (done != size) {
        free(data);
        return bcue_fail(error, BCUE_ERROR_IO, "%s: read only %zu of %zu bytes: %s", path, done, size,
                         read_errno != 0 ? strerror(read_errno) : "the file shrank while being read");
    }
    data[size] = 0;
    *bytes = (bcue_bytes){data, size};
    return BCUE_OK;
}

void bcue_bytes_free(bcue_bytes *bytes)
{
    free(bytes->data);
    *bytes = (bcue_bytes){0};
}

/* A new file of a name that nobody else uses, with the permissions that the umask gives (mkstemp's are 0600).
 */
static int create_temporary(const char *path, bcue_text *name)
{
    static atomic_uint serial;
    for (int attempt = 0; attempt < 100; attempt++) {
        bcue_text_free(name);
        bcue_text_printf(name, "%s.tmp-%ld-%u", path, (long)getpid(), atomic_fetch_add(&serial, 1U));
        if (name->failed) {
            errno = ENOMEM;
            return -1;
        }
        int descriptor = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
    }
    return -1;
}

bcue_status bcue_file_writer_open(bcue_file_writer *writer, const char *path, bcue_error *error)
{
    *writer = (bcue_file_writer){0};
    char *copy = bcue_strdup(path);
    if (copy == NULL)
        return bcue_fail_memory(error, path);
    bcue_text name = {0};
    int descriptor = create_temporary(path, &name);
    FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (stream == NULL) {
        bcue_status status = bcue_fail(error, BCUE_ERROR_IO, "%s: cannot write: %s", path, strerror(errno));
        if (descriptor >= 0) {
            close(descriptor);
            unlink(name.data);
        }
        bcue_text_free(&name);
        free(copy);
        return status;
    }
    *writer = (bcue_file_writer){stream, copy, name.data};
    return BCUE_OK;
}

void bcue_file_writer_abandon(bcue_file_writer *writer)
{
    if (writer->stream != NULL)
        fclose(writer->stream);
    if (writer->temporary != NULL)
        unlink(writer->temporary);
    free(writer->path);
    free(writer->temporary);
    *writer = (bcue_file_writer){0};
}

bcue_status bcue_file_writer_commit(bcue_file_writer *writer, bcue_error *error)
{
    errno = 0;
    bool good = fflush(writer->stream) == 0 && !ferror(writer->stream) && fsync(fileno(writer->stream)) == 0;
    int write_errno = errno;
    if (fclose(writer->stream) != 0 && good) {
        good = false;
        write_errno = errno;
    }
    writer->stream = NULL;
    if (good && rename(writer->temporary, writer->path) != 0) {
        good = false;
        write_errno = errno;
    }
    bcue_status status = BCUE_OK;
    if (good) {
        free(writer->temporary);
        writer->temporary = NULL;
    } else {
        status = bcue_fail(error, BCUE_ERROR_IO, "%s: cannot write: %s; nothing was changed", writer->path,
                           write_errno == 0 ? "write error" : strerror(write_errno));
    }
    bcue_file_writer_abandon(writer);
    return status;
}

bcue_status bcue_file_write(const char *path, const void *data, size_t size, bcue_error *error)
{
    bcue_file_writer writer;
    BCUE_TRY(bcue_file_writer_open(&writer, path, error));
    if (size > 0)
        (void)!fwrite(data, 1, size, writer.stream); /* commit checks ferror */
    return bcue_file_writer_commit(&writer, error);
}

bcue_status bcue_file_map(const char *path, bcue_mapping *mapping, bcue_error *error)
{
    *mapping = (bcue_mapping){0};
    int descriptor;
    size_t size;
    BCUE_TRY(open_file(path, &descriptor, &size, error));
    void *data = size == 0 ? NULL : mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    int map_errno = errno;
    close(descriptor);
    if (data == MAP_FAILED)
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot map: %s", path, strerror(map_errno));
    *mapping = (bcue_mapping){data, size};
    return BCUE_OK;
}

void bcue_file_unmap(bcue_mapping *mapping)
{
    if (mapping->data != NULL)
        munmap((void *)(uintptr_t)mapping->data, mapping->size);
    *mapping = (bcue_mapping){0};
}

void bcue_file_release(const bcue_mapping *mapping)
{
    if (mapping->data != NULL)
        (void)madvise((void *)(uintptr_t)mapping->data, mapping->size, MADV_DONTNEED);
}

bool bcue_path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool bcue_path_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bcue_status bcue_make_dirs(const char *path, bcue_error *error)
{
    char *copy = bcue_strdup(path);
    if (copy == NULL)
        return bcue_fail_memory(error, path);
    for (char *slash = copy + 1; copy[0] != '\0'; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char kept = *slash;
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            bcue_status status =
                bcue_fail(error, BCUE_ERROR_IO, "%s: cannot make the folder: %s", copy, strerror(errno));
            free(copy);
            return status;
        }
        *slash = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    if (!bcue_path_is_dir(path))
        return bcue_fail(error, BCUE_ERROR_IO, "%s: is a file, not a folder; choose another name", path);
    return BCUE_OK;
}

char *bcue_path_join(const char *folder, const char *name)
{
    while (bcue_starts_with(name, "./"))
        name += 2;
    if (name[0] == '/' || folder == NULL || folder[0] == '\0')
        return bcue_strdup(name);
    bcue_text joined = {0};
    bcue_text_printf(&joined, "%s%s%s", folder, bcue_ends_with(folder, "/") ? "" : "/", name);
    if (joined.failed)
        bcue_text_free(&joined);
    return joined.data;
}

char *bcue_path_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return bcue_strdup(".");
    char *copy = bcue_strdup(path);
    if (copy != NULL)
        copy[slash == path ? 1 : slash - path] = '\0';
    return copy;
}

const char *bcue_path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

bcue_status bcue_check_writable_dir(const char *folder, bcue_error *error)
{
    BCUE_TRY(bcue_make_dirs(folder, error));
    char *probe = bcue_path_join(folder, ".beamcue-write-test");
    if (probe == NULL)
        return bcue_fail_memory(error, folder);
    bcue_file_writer writer;
    bcue_error inner = {{0}};
    bcue_status status = bcue_file_writer_open(&writer, probe, &inner);
    if (status == BCUE_OK)
        bcue_file_writer_abandon(&writer);
    else
        status = bcue_fail(error, BCUE_ERROR_IO,
                           "%s: the folder is not writable; choose another output folder or "
                           "change its permissions (%s)",
                           folder, inner.text);
    free(probe);
    return status;
}
