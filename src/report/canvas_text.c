/* A stroke font: each sign is a few polylines on a grid, two digits per point (x from the left; y from 0, the
   foot of descenders, over 2, the line that words stand on, 7, the top of small letters, to 9, that of
   capitals), strokes separated by blanks. A stroke of one point is a dot. */
#include <math.h>
#include <string.h>
#include "report/canvas.h"
#include "report/markup.h"

typedef struct glyph {
    uint32_t sign;
    const char *strokes;
} glyph;

static const glyph glyphs[] = {
    {'0', "123243483919080312"},
    {'1', "072922"},
    {'2', "0819394847460242"},
    {'3', "081939484736 16364543321203"},
    {'4', "32390444"},
    {'5', "490906364543321203"},
    {'6', "48391908031232434536 361605"},
    {'7', "094912"},
    {'8', "16070819394847361605031232434536"},
    {'9', "031232434839190807061535 3546"},
    {'A', "022942 1535"},
    {'B', "0209394847360636 3645433202"},
    {'C', "4839190803123243"},
    {'D', "02092947442202"},
    {'E', "49090242 0636"},
    {'F', "490902 0636"},
    {'G', "48391908031232434525"},
    {'H', "0902 4942 0646"},
    {'I', "0902"},
    {'J', "3933221203"},
    {'K', "0902 4905 1642"},
    {'L', "090242"},
    {'M', "0209254942"},
    {'N', "02094249"},
    {'O', "123243483919080312"},
    {'P', "02093948463505"},
    {'Q', "123243483919080312 2442"},
    {'R', "02093948463505 2542"},
    {'S', "483919080716354443321203"},
    {'T', "0949 2922"},
    {'U', "090312324349"},
    {'V', "092249"},
    {'W', "0912365269"},
    {'X', "0942 4902"},
    {'Y', "092649 2622"},
    {'Z', "09490242"},
    {'a', "3627170603122233 3732"},
    {'b', "0902 0617273633221203"},
    {'c', "3627170603122233"},
    {'d', "3932 3627170603122233"},
    {'e', "05353627170603122233"},
    {'f', "291812 0727"},
    {'g', "3627170603122233 3731201001"},
    {'h', "0902 0617273632"},
    {'i', "0702 09"},
    {'j', "171100 19"},
    {'k', "0902 3704 1532"},
    {'l', "0902"},
    {'m', "0702 06172622 26374642"},
    {'n', "0702 0617273632"},
    {'o', "061727363322120306"},
    {'p', "0700 0617273633221203"},
    {'q', "3730 3627170603122233"},
    {'r', "0702 061727"},
    {'s', "3627170605153433221203"},
    {'t', "191322 0727"},
    {'u', "0703122233 3732"},
    {'v', "072247"},
    {'w', "0712263247"},
    {'x', "0732 3702"},
    {'y', "0722 4710"},
    {'z', "07370232"},
    {'.', "02"},
    {',', "1201"},
    {':', "02 06"},
    {';', "06 0200"},
    {'-', "0535"},
    {0x2212, "0545"},
    {'+', "0545 2723"},
    {'=', "0444 0646"},
    {'/', "0139"},
    {'(', "19080312"},
    {')', "09181302"},
    {'[', "19090212"},
    {']', "09191202"},
    {'<', "370533"},
    {'>', "073503"},
    {'%', "4902 0919180809 3343423233"},
    {'_', "0141"},
    {'\'', "0907"},
    {'"', "0907 1917"},
    {'*', "0636 1827 1728"},
    {'&', "42081929280403122244"},
    {'|', "0901"},
    {'?', "08192938371514 12"},
    {'!', "0904 02"},
    {0xB0, "0818190908"},
    {0xD7, "0337 0733"},
    {0xB7, "05"},
    {0x3BC, "0700 03122233 3732"},
};

enum { GRID_HEIGHT = 7, BLANK = 3, GAP = 2 };

static const char *strokes_of(uint32_t sign)
{
    for (size_t i = 0; i < sizeof glyphs / sizeof glyphs[0]; i++)
        if (glyphs[i].sign == sign)
            return glyphs[i].strokes;
    return "0209494202"; /* a box */
}

/* From the start of a sign to that of the next, in steps of the grid. */
static int advance_of(uint32_t sign)
{
    if (sign == ' ')
        return BLANK;
    int widest = 0;
    for (const char *s = strokes_of(sign); s[0]; s += s[0] == ' ' ? 1 : 2)
        widest = s[0] != ' ' && s[0] - '0' > widest ? s[0] - '0' : widest;
    return widest + GAP;
}

double bcue_canvas_text_width(double size, const char *words)
{
    int steps = 0;
    for (const char *at = words; at && *at;)
        steps += advance_of(bcue_utf8_next(&at));
    return steps > 0 ? (steps - GAP) * size / GRID_HEIGHT : 0.0;
}

static void draw_sign(bcue_canvas *canvas, double x, double y, double step, double width, bcue_colour colour,
                      const char *strokes)
{
    double xy[2 * 32];
    size_t count = 0;
    for (const char *s = strokes;; s += 2) {
        while (*s == ' ' || *s == '\0' || count == 32) {
            bcue_canvas_line(canvas, xy, count, false, width, colour);
            count = 0;
            if (*s == '\0')
                return;
            s += *s == ' ';
        }
        xy[2 * count] = x + step * (s[0] - '0');
        xy[2 * count++ + 1] = y - step * (s[1] - '2');
    }
}

void bcue_canvas_text(bcue_canvas *canvas, double x, double y, double size, bcue_canvas_anchor anchor,
                      bool bold, bcue_colour colour, const char *words)
{
    double step = size / GRID_HEIGHT, width = size * (bold ? 0.2 : 0.13);
    x -= anchor == BCUE_CANVAS_START
             ? 0.0
             : bcue_canvas_text_width(size, words) * (anchor == BCUE_CANVAS_MIDDLE ? 0.5 : 1.0);
    for (const char *at = words; at && *at;) {
        uint32_t sign = bcue_utf8_next(&at);
        if (sign != ' ')
            draw_sign(canvas, x, y, step, width, colour, strokes_of(sign));
        x += step * advance_of(sign);
    }
}
