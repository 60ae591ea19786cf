/* What a model file says of the codebook that it was trained for: YAML, a line each for `beams`,
   `index_monotone` and, where the recordings said which codebook they have, `hash`, its mark
   (dataset/recordings.h). */
#ifndef BCUE_MODELS_CODEBOOK_NOTE_H
#define BCUE_MODELS_CODEBOOK_NOTE_H

#include "base/text.h"

enum { BCUE_CODEBOOK_MARK_SIZE = 40 };

/* `mark` NULL: unknown. */
void bcue_codebook_note_write(int64_t beams, bool index_monotone, const char *mark, bcue_text *out);
/* The mark that a note has; "": none, as in files from before there were any. `note` may be NULL. */
void bcue_codebook_note_mark(const char *note, char mark[BCUE_CODEBOOK_MARK_SIZE]);
/* Do two notes (not NULL) tell of different codebooks? A mark counts only where both have one. */
bool bcue_codebook_notes_differ(const char *one, const char *other);

#endif
