/* One self-contained HTML page: text, tables, charts and pictures in a single file without scripts, links or
   fonts from elsewhere. It follows the reader's light or dark theme, adapts to narrow screens, and prints.
   The file is also well-formed XML. All text is escaped. Building functions have no result: the first failure
   stays in the page and bcue_page_render returns it. A page belongs to one thread at a time. */
#ifndef BCUE_REPORT_PAGE_H
#define BCUE_REPORT_PAGE_H

#include "report/chart.h"
#include "report/table.h"

#define BCUE_PAGE_MAX_PICTURE ((size_t)32 << 20) /* bytes of one picture */
#define BCUE_PAGE_MAX_SIZE ((size_t)256 << 20)   /* bytes of a page */

typedef struct bcue_page bcue_page;

bcue_page *bcue_page_create(const char *title,
                            const char *subtitle); /* NULL: no memory; subtitle may be NULL */
void bcue_page_destroy(bcue_page *page);           /* NULL is fine */

/* A section with a heading; from the third on the page begins with a list of them. */
void bcue_page_section(bcue_page *page, const char *title);
void bcue_page_heading(bcue_page *page, const char *title); /* inside a section */
BCUE_PRINTF(2, 3) void bcue_page_paragraph(bcue_page *page, const char *format, ...);

typedef struct bcue_page_fact {
    const char *name;
    const char *value;
    const char *detail; /* small, below; NULL: none */
} bcue_page_fact;
/* Name and value in two columns. */
void bcue_page_facts(bcue_page *page, const bcue_page_fact *facts, size_t count);
/* Links to other files, for a line of its own: names[i] leads to files[i] (relative, as it stands). */
void bcue_page_links(bcue_page *page, const char *const *names, const char *const *files, size_t count);
/* The few numbers that matter most, large. */
void bcue_page_highlights(bcue_page *page, const bcue_page_fact *facts, size_t count);

typedef enum bcue_callout {
    BCUE_CALLOUT_NOTE,
    BCUE_CALLOUT_WARNING,
} bcue_callout;
void bcue_page_callout(bcue_page *page, bcue_callout kind, const char *title, const char *text);

void bcue_page_table(bcue_page *page, const bcue_table *table);
/* `svg` is what a function of report/chart.h wrote; it goes in as it is. */
void bcue_page_chart(bcue_page *page, const bcue_text *svg, const char *caption);
/* A JPEG or PNG file as it is, with an overlay (bcue_chart_overlay; NULL: none). `alt` says what it shows. */
void bcue_page_picture(bcue_page *page, const void *bytes, size_t size, const char *alt, const char *caption,
                       const bcue_text *overlay);

/* Between begin and end, figures stand side by side where the screen is wide enough: two columns for charts
   (draw them 460 px wide), as many as fit for a gallery of pictures. Not nested. */
typedef enum bcue_page_grid {
    BCUE_GRID_COLUMNS,
    BCUE_GRID_GALLERY,
} bcue_page_grid;
void bcue_page_grid_begin(bcue_page *page, bcue_page_grid kind);
void bcue_page_grid_end(bcue_page *page);

/* Where the results come from, at the foot of the page. NULL members are left out. */
typedef struct bcue_provenance {
    const char *command;
    const char *version;
    const char *commit;
    const char *seed;
    const char *date; /* bcue_clock_utc */
    const char *machine;
    const char *duration;
} bcue_provenance;

/* Append the finished page to `out`. BCUE_ERROR_ARGUMENT for wrong use, BCUE_ERROR_FORMAT for a picture that
   is neither JPEG nor PNG, BCUE_ERROR_DATA beyond the limits, BCUE_ERROR_MEMORY, or what a table said. */
bcue_status bcue_page_render(const bcue_page *page, const bcue_provenance *provenance, bcue_text *out,
                             bcue_error *error);
bcue_status bcue_page_write(const bcue_page *page, const bcue_provenance *provenance, const char *path,
                            bcue_error *error);

#endif
