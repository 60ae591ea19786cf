#include "report/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base64.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "report/markup.h"
#include "report/page_parts.h"

struct bcue_page {
    char *title;
    char *subtitle;
    bcue_text body;
    bcue_text contents; /* links to the sections */
    size_t sections;
    bool in_grid;
    bcue_status status; /* the first failure */
    bcue_error failure;
};

bcue_page *bcue_page_create(const char *title, const char *subtitle)
{
    bcue_page *page = bcue_calloc(1, sizeof *page);
    if (page == NULL)
        return NULL;
    page->title = bcue_strdup(title ? title : "");
    page->subtitle = bcue_strdup(subtitle);
    if (page->title == NULL || (subtitle != NULL && page->subtitle == NULL)) {
        bcue_page_destroy(page);
        return NULL;
    }
    return page;
}

void bcue_page_destroy(bcue_page *page)
{
    if (page == NULL)
        return;
    free(page->title);
    free(page->subtitle);
    bcue_text_free(&page->body);
    bcue_text_free(&page->contents);
    free(page);
}

static void element(bcue_text *out, const char *tag, const char *attributes, const char *string)
{
    bcue_text_printf(out, "<%s%s%s>", tag, attributes[0] ? " " : "", attributes);
    bcue_escape_html(out, string);
    bcue_text_printf(out, "</%s>", tag);
}

void bcue_page_section(bcue_page *page, const char *title)
{
    bcue_page_grid_end(page);
    if (page->sections++ > 0)
        bcue_text_puts(&page->body, "</section>\n");
    bcue_text_printf(&page->body, "<section id=\"s%zu\">", page->sections);
    element(&page->body, "h2", "", title);
    bcue_text_puts(&page->body, "\n");
    bcue_text_printf(&page->contents, "<a href=\"#s%zu\">", page->sections);
    bcue_escape_html(&page->contents, title);
    bcue_text_puts(&page->contents, "</a>\n");
}

void bcue_page_heading(bcue_page *page, const char *title)
{
    element(&page->body, "h3", "", title);
    bcue_text_puts(&page->body, "\n");
}

void bcue_page_paragraph(bcue_page *page, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    element(&page->body, "p", "", text);
    bcue_text_puts(&page->body, "\n");
}

static void fact_list(bcue_page *page, const char *class, const bcue_page_fact *facts, size_t count)
{
    if (count == 0)
        return;
    bcue_text_printf(&page->body, "<dl class=\"%s\">\n", class);
    for (size_t i = 0; i < count; i++) {
        bcue_text_puts(&page->body, "<div>");
        element(&page->body, "dt", "", facts[i].name);
        bcue_text_puts(&page->body, "<dd>");
        bcue_escape_html(&page->body, facts[i].value);
        if (facts[i].detail != NULL && strcmp(class, "facts") == 0)
            element(&page->body, "small", "", facts[i].detail);
        bcue_text_puts(&page->body, "</dd>");
        if (facts[i].detail != NULL && strcmp(class, "facts") != 0)
            element(&page->body, "dd", "class=\"detail\"", facts[i].detail);
        bcue_text_puts(&page->body, "</div>\n");
    }
    bcue_text_puts(&page->body, "</dl>\n");
}

void bcue_page_facts(bcue_page *page, const bcue_page_fact *facts, size_t count)
{
    fact_list(page, "facts", facts, count);
}

void bcue_page_links(bcue_page *page, const char *const *names, const char *const *files, size_t count)
{
    bcue_text_puts(&page->body, "<p class=\"links\">See also ");
    for (size_t i = 0; i < count; i++) {
        bcue_text_puts(&page->body, i == 0           ? "<a href=\""
                                    : i + 1 == count ? " and <a href=\""
                                                     : ", <a href=\"");
        bcue_escape_html(&page->body, files[i]);
        bcue_text_puts(&page->body, "\">");
        bcue_escape_html(&page->body, names[i]);
        bcue_text_puts(&page->body, "</a>");
    }
    bcue_text_puts(&page->body, ".</p>\n");
}

void bcue_page_highlights(bcue_page *page, const bcue_page_fact *facts, size_t count)
{
    fact_list(page, "big", facts, count);
}

void bcue_page_callout(bcue_page *page, bcue_callout kind, const char *title, const char *text)
{
    bcue_text_printf(&page->body, "<div class=\"callout%s\" role=\"note\">",
                     kind == BCUE_CALLOUT_WARNING ? " warning" : "");
    if (title != NULL)
        element(&page->body, "p", "class=\"head\"", title);
    element(&page->body, "p", "", text);
    bcue_text_puts(&page->body, "</div>\n");
}

void bcue_page_table(bcue_page *page, const bcue_table *table)
{
    if (page->status == BCUE_OK)
        page->status = bcue_table_write_html(table, &page->body, &page->failure);
}

static void caption_and_end(bcue_page *page, const char *caption)
{
    if (caption != NULL && caption[0] != '\0')
        element(&page->body, "figcaption", "", caption);
    bcue_text_puts(&page->body, "</figure>\n");
}

void bcue_page_chart(bcue_page *page, const bcue_text *svg, const char *caption)
{
    bcue_text_puts(&page->body, "<figure class=\"plot\"><div class=\"scroll\">");
    bcue_text_append(&page->body, svg->data, svg->size);
    bcue_text_puts(&page->body, "</div>");
    caption_and_end(page, caption);
    page->body.failed |= svg->failed;
}

static const char *picture_type(const uint8_t *bytes, size_t size)
{
    if (size > 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0)
        return "jpeg";
    if (size > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
        return "png";
    return NULL;
}

static bool picture_allowed(bcue_page *page, const void *bytes, size_t size, const char *alt)
{
    if (page->status != BCUE_OK)
        return false;
    if (size > BCUE_PAGE_MAX_PICTURE || page->body.size > BCUE_PAGE_MAX_SIZE - size / 3 * 4)
        page->status =
            bcue_fail(&page->failure, BCUE_ERROR_DATA,
                      "picture \"%s\" of %zu bytes makes the page too large: leave out or shrink pictures",
                      alt ? alt : "", size);
    else if (bytes == NULL || picture_type(bytes, size) == NULL)
        page->status = bcue_fail(&page->failure, BCUE_ERROR_FORMAT, "picture \"%s\" is neither JPEG nor PNG",
                                 alt ? alt : "");
    return page->status == BCUE_OK;
}

void bcue_page_picture(bcue_page *page, const void *bytes, size_t size, const char *alt, const char *caption,
                       const bcue_text *overlay)
{
    if (!picture_allowed(page, bytes, size, alt))
        return;
    bcue_text_puts(&page->body, "<figure><div class=\"stack\"><img alt=\"");
    bcue_escape_html(&page->body, alt);
    bcue_text_printf(&page->body, "\" src=\"data:image/%s;base64,", picture_type(bytes, size));
    bcue_base64(&page->body, bytes, size);
    bcue_text_puts(&page->body, "\"/>");
    if (overlay != NULL) {
        bcue_text_append(&page->body, overlay->data, overlay->size);
        page->body.failed |= overlay->failed;
    }
    bcue_text_puts(&page->body, "</div>");
    caption_and_end(page, caption);
}

void bcue_page_grid_begin(bcue_page *page, bcue_page_grid kind)
{
    bcue_page_grid_end(page);
    bcue_text_printf(&page->body, "<div class=\"%s\">\n", kind == BCUE_GRID_GALLERY ? "gallery" : "columns");
    page->in_grid = true;
}

void bcue_page_grid_end(bcue_page *page)
{
    if (page->in_grid)
        bcue_text_puts(&page->body, "</div>\n");
    page->in_grid = false;
}

static void footer(bcue_text *out, const bcue_provenance *p)
{
    static const bcue_provenance nothing = {0};
    p = p != NULL ? p : &nothing;
    const char *const names[] = {"command", "version", "commit", "seed", "date", "machine", "time taken"};
    const char *const values[] = {p->command, p->version, p->commit,  p->seed,
                                  p->date,    p->machine, p->duration};
    bcue_text_puts(out, "<footer>");
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (values[i] == NULL)
            continue;
        bcue_text_puts(out, any ? "" : "<dl>\n");
        any = true;
        element(out, "dt", "", names[i]);
        bcue_text_puts(out, i == 0 || i == 2 ? "<dd><code>" : "<dd>");
        bcue_escape_html(out, values[i]);
        bcue_text_puts(out, i == 0 || i == 2 ? "</code></dd>\n" : "</dd>\n");
    }
    bcue_text_puts(out, any ? "</dl>" : "");
    bcue_text_puts(out, "</footer>\n");
}

bcue_status bcue_page_render(const bcue_page *page, const bcue_provenance *provenance, bcue_text *out,
                             bcue_error *error)
{
    if (page->status != BCUE_OK)
        return bcue_fail(error, page->status, "%s", page->failure.text);
    if (page->body.failed || page->contents.failed)
        return bcue_fail_memory(error, "a page");
    bcue_text_puts(out, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head>"
                        "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
                        "initial-scale=1\"/>\n<meta name=\"generator\" content=\"beamcue\"/>\n");
    element(out, "title", "", page->title);
    bcue_text_puts(out, "\n<style>\n");
    bcue_page_style(out);
    bcue_text_puts(out, "\n");
    bcue_chart_style(out);
    bcue_text_puts(out, "\n</style></head>\n<body><header><p class=\"brand\">beamcue</p>");
    element(out, "h1", "", page->title);
    if (page->subtitle != NULL)
        element(out, "p", "class=\"sub\"", page->subtitle);
    if (page->sections >= 3) {
        bcue_text_puts(out, "<nav aria-label=\"Sections\">\n");
        bcue_text_append(out, page->contents.data, page->contents.size);
        bcue_text_puts(out, "</nav>");
    }
    bcue_text_puts(out, "</header>\n<main>\n");
    if (page->body.size > 0)
        bcue_text_append(out, page->body.data, page->body.size);
    bcue_text_puts(out, page->in_grid ? "</div>\n" : "");
    bcue_text_puts(out, page->sections > 0 ? "</section>\n" : "");
    bcue_text_puts(out, "</main>\n");
    footer(out, provenance);
    bcue_text_puts(out, "</body></html>\n");
    return out->failed ? bcue_fail_memory(error, "a page") : BCUE_OK;
}

bcue_status bcue_page_write(const bcue_page *page, const bcue_provenance *provenance, const char *path,
                            bcue_error *error)
{
    bcue_text text = {0};
    bcue_status status = bcue_page_render(page, provenance, &text, error);
    if (status == BCUE_OK)
        status = bcue_file_write(path, text.data, text.size, error);
    bcue_text_free(&text);
    return status;
}
