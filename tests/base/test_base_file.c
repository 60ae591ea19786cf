#include "check.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/beamcue-file-XXXXXX";
static char path[256];

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int entries(const char *where)
{
    DIR *stream = opendir(where);
    int count = -2;
    while (stream != NULL && readdir(stream) != NULL)
        count++;
    if (stream != NULL)
        closedir(stream);
    return count;
}

static void check_content(const char *name, const char *expected)
{
    bcue_bytes bytes = {0};
    bcue_error error;
    CHECK_OK(bcue_file_read(name, 1000, &bytes, &error), error);
    CHECK_INT(bytes.size, strlen(expected));
    CHECK_STR((const char *)bytes.data, expected);
    bcue_bytes_free(&bytes);
    CHECK(bytes.data == NULL);
}

static void written_and_read(void)
{
    bcue_error error;
    const char *name = in_folder("a.bin");
    CHECK_OK(bcue_file_write(name, "one", 3, &error), error);
    check_content(name, "one");
    CHECK_OK(bcue_file_write(name, "two!", 4, &error), error);
    check_content(name, "two!");
    CHECK_OK(bcue_file_write(name, NULL, 0, &error), error);
    check_content(name, "");
    CHECK_INT(entries(folder), 1);
    struct stat info;
    mode_t mask = umask(0);
    umask(mask);
    CHECK(stat(name, &info) == 0);
    CHECK_INT(info.st_mode & 0777, 0666 & ~mask);
    unlink(name);
}

static void abandoned_leaves_the_old_file(void)
{
    bcue_error error;
    const char *name = in_folder("b.bin");
    CHECK_OK(bcue_file_write(name, "old", 3, &error), error);
    bcue_file_writer writer, second;
    CHECK_OK(bcue_file_writer_open(&writer, name, &error), error);
    CHECK_OK(bcue_file_writer_open(&second, name, &error), error);
    CHECK(fputs("half", writer.stream) >= 0 && fputs("new", second.stream) >= 0);
    CHECK_INT(entries(folder), 3);
    bcue_file_writer_abandon(&writer);
    CHECK_INT(entries(folder), 2);
    check_content(name, "old");
    CHECK_OK(bcue_file_writer_commit(&second, &error), error);
    check_content(name, "new");
    bcue_file_writer_abandon(&second);
    CHECK_INT(entries(folder), 1);
    unlink(name);
}

/* A limit on file sizes stands in for a full disk: the write fails, the old file stays, nothing is left
 * behind. */
static void failed_write_changes_nothing(void)
{
    bcue_error error;
    const char *name = in_folder("c.bin");
    CHECK_OK(bcue_file_write(name, "old", 3, &error), error);
    struct rlimit limit, small;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        SKIP("no file size limits here");
    small = limit;
    small.rlim_cur = 4096;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    static const char large[100000];
    bcue_status status = bcue_file_write(name, large, sizeof large, &error);
    setrlimit(RLIMIT_FSIZE, &limit);
    (void)signal(SIGXFSZ, handler);
    CHECK_STATUS(status, BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "c.bin: cannot write: ");
    CHECK_CONTAINS(error.text, "; nothing was changed");
    check_content(name, "old");
    CHECK_INT(entries(folder), 1);
    unlink(name);
}

static void unreadable_is_told(void)
{
    bcue_error error;
    bcue_bytes bytes;
    CHECK_STATUS(bcue_file_read(in_folder("none"), 10, &bytes, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "/none: cannot open: No such file");
    CHECK(bytes.data == NULL);
    CHECK_STATUS(bcue_file_read(folder, 10, &bytes, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, ": not a regular file");
    const char *fifo = in_folder("fifo");
    CHECK(mkfifo(fifo, 0600) == 0);
    CHECK_STATUS(bcue_file_read(fifo, 10, &bytes, &error), BCUE_ERROR_IO);
    unlink(fifo);
    const char *name = in_folder("d.bin");
    CHECK_OK(bcue_file_write(name, "12345", 5, &error), error);
    CHECK_STATUS(bcue_file_read(name, 4, &bytes, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "d.bin: 5 bytes, more than the 4 allowed here");
    unlink(name);
    CHECK_STATUS(bcue_file_write(in_folder("no/such/folder"), "x", 1, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "no/such/folder: cannot write: No such file");
}

static void mapped(void)
{
    bcue_error error;
    const char *name = in_folder("e.bin");
    bcue_mapping mapping;
    CHECK_OK(bcue_file_write(name, "mapped", 6, &error), error);
    CHECK_OK(bcue_file_map(name, &mapping, &error), error);
    CHECK_INT(mapping.size, 6);
    CHECK(mapping.data != NULL && memcmp(mapping.data, "mapped", 6) == 0);
    bcue_file_unmap(&mapping);
    CHECK_OK(bcue_file_write(name, "", 0, &error), error);
    CHECK_OK(bcue_file_map(name, &mapping, &error), error);
    CHECK(mapping.data == NULL && mapping.size == 0);
    bcue_file_unmap(&mapping);
    unlink(name);
    CHECK_STATUS(bcue_file_map(name, &mapping, &error), BCUE_ERROR_IO);
}

static void folders(void)
{
    bcue_error error;
    const char *name = in_folder("x/y//z");
    CHECK_OK(bcue_make_dirs(name, &error), error);
    CHECK_OK(bcue_make_dirs(name, &error), error);
    CHECK(bcue_path_is_dir(name));
    CHECK_OK(bcue_check_writable_dir(name, &error), error);
    CHECK_INT(entries(name), 0);
    CHECK_OK(bcue_make_dirs("/", &error), error);
    rmdir(in_folder("x/y/z"));
    rmdir(in_folder("x/y"));
    rmdir(in_folder("x"));
    CHECK_OK(bcue_file_write(in_folder("f"), "x", 1, &error), error);
    CHECK_STATUS(bcue_make_dirs(in_folder("f"), &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "/f: is a file, not a folder; choose another name");
    CHECK_STATUS(bcue_make_dirs(in_folder("f/g"), &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "/f/g: cannot make the folder: Not a directory");
    CHECK(bcue_path_exists(in_folder("f")) && !bcue_path_is_dir(in_folder("f")));
    unlink(in_folder("f"));
}

static void read_only_folder_is_refused(void)
{
    bcue_error error;
    if (geteuid() == 0) {
        /* Permissions do not stop root, but nobody can make a file in /proc. */
        CHECK_STATUS(bcue_check_writable_dir("/proc/self", &error), BCUE_ERROR_IO);
        CHECK_CONTAINS(error.text, "/proc/self: the folder is not writable; choose another output folder");
        return;
    }
    CHECK_OK(bcue_make_dirs(in_folder("ro"), &error), error);
    CHECK(chmod(in_folder("ro"), 0500) == 0);
    CHECK_STATUS(bcue_check_writable_dir(in_folder("ro"), &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "/ro: the folder is not writable; choose another output folder");
    CHECK_INT(entries(in_folder("ro")), 0);
    rmdir(in_folder("ro"));
}

static void check_owned(char *actual, const char *expected)
{
    CHECK_STR(actual, expected);
    free(actual);
}

static void paths(void)
{
    check_owned(bcue_path_join("a", "b"), "a/b");
    check_owned(bcue_path_join("a/", "././b"), "a/b");
    check_owned(bcue_path_join("a", "/b"), "/b");
    check_owned(bcue_path_join("", "b"), "b");
    check_owned(bcue_path_join(NULL, "./b"), "b");
    check_owned(bcue_path_dirname("a/b/c"), "a/b");
    check_owned(bcue_path_dirname("/c"), "/");
    check_owned(bcue_path_dirname("c"), ".");
    CHECK_STR(bcue_path_basename("a/b/c"), "c");
    CHECK_STR(bcue_path_basename("c"), "c");
}

int main(void)
{
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    RUN(written_and_read);
    RUN(abandoned_leaves_the_old_file);
    RUN(failed_write_changes_nothing);
    RUN(unreadable_is_told);
    RUN(mapped);
    RUN(folders);
    RUN(read_only_folder_is_refused);
    RUN(paths);
    CHECK_INT(entries(folder), 0);
    rmdir(folder);
    return check_summary();
}
