#include "models/codebook_note.h"

#include <stdio.h>
#include <string.h>

static const char key[] = "hash: ";

void bcue_codebook_note_write(int64_t beams, bool index_monotone, const char *mark, bcue_text *out)
{
    bcue_text_printf(out, "beams: %lld\nindex_monotone: %s\n", (long long)beams,
                     index_monotone ? "true" : "false");
    if (mark != NULL)
        bcue_text_printf(out, "%s\"%s\"\n", key, mark);
}

/* Where the line of the mark begins; the end of the note when it has none. */
static const char *find_line(const char *note)
{
    const char *line = note;
    while (*line != '\0' && !bcue_starts_with(line, key)) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return line;
}

void bcue_codebook_note_mark(const char *note, char mark[BCUE_CODEBOOK_MARK_SIZE])
{
    const char *line = note != NULL ? find_line(note) : "";
    mark[0] = '\0';
    if (*line == '\0')
        return;
    const char *text = line + strlen(key);
    text += strspn(text, " \"");
    snprintf(mark, BCUE_CODEBOOK_MARK_SIZE, "%.*s", (int)strcspn(text, " \"\r\n#"), text);
}

/* Both without the line of the mark. */
static bool rest_differs(const char *one, const char *other)
{
    const char *ends[2] = {find_line(one), find_line(other)};
    const size_t before = (size_t)(ends[0] - one);
    if (before != (size_t)(ends[1] - other) || memcmp(one, other, before) != 0)
        return true;
    for (int i = 0; i < 2; i++) {
        ends[i] += strcspn(ends[i], "\n");
        ends[i] += *ends[i] == '\n';
    }
    return strcmp(ends[0], ends[1]) != 0;
}

bool bcue_codebook_notes_differ(const char *one, const char *other)
{
    char marks[2][BCUE_CODEBOOK_MARK_SIZE];
    bcue_codebook_note_mark(one, marks[0]);
    bcue_codebook_note_mark(other, marks[1]);
    return rest_differs(one, other) ||
           (marks[0][0] != '\0' && marks[1][0] != '\0' && strcmp(marks[0], marks[1]) != 0);
}
