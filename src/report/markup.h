/* Putting text that nobody checked (file names, column names, host names) safely into HTML, XML, Markdown,
   CSV and terminals, and numbers into words. Every function here takes any bytes: what is not UTF-8, and
   every control character, comes out as U+FFFD, so that the output is always well-formed UTF-8 and cannot
   steer a terminal. NULL strings count as empty. Any thread. */
#ifndef BCUE_REPORT_MARKUP_H
#define BCUE_REPORT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"

/* The next code point of `*cursor` (not at the NUL), which moves behind it; U+FFFD for each byte that is no
   part of valid UTF-8 (overlong forms, surrogates and values above U+10FFFF are not valid). */
uint32_t bcue_utf8_next(const char **cursor);

/* For HTML and XML, in text and in attributes of either quote: & < > " ' become entities. Tabs and newlines
 * stay. */
void bcue_escape_html(bcue_text *out, const char *string);
/* For a Markdown table cell: the characters that mean something to Markdown get a backslash or become an
 * entity, newlines become blanks. */
void bcue_escape_markdown(bcue_text *out, const char *string);
/* One CSV field (RFC 4180), quoted only where needed. */
void bcue_escape_csv(bcue_text *out, const char *string);
/* For a terminal or a JSON string: newlines and tabs become blanks, nothing else can move the cursor. */
void bcue_escape_plain(bcue_text *out, const char *string);

/* Columns that a terminal needs for `string` as bcue_escape_plain writes it: 2 for East Asian wide characters
   and emoji, 0 for combining marks. */
size_t bcue_text_columns(const char *string);

#define BCUE_NUMBER_SIZE 48 /* room for every answer of bcue_format_number */

/* `value` with `decimals` digits after the point; decimals < 0: 4 significant digits. From 1e15 on in
   exponent form. Zero never has a sign. nan is an em dash, infinity its sign, minus U+2212; with `ascii` they
   are "nan", "inf" and "-". */
void bcue_format_number(char text[BCUE_NUMBER_SIZE], double value, int decimals, bool ascii);

#endif
