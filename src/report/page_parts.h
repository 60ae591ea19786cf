/* The style sheet of pages. */
#ifndef BCUE_REPORT_PAGE_PARTS_H
#define BCUE_REPORT_PAGE_PARTS_H

#include "base/text.h"

void bcue_page_style(bcue_text *out);

#endif
