#include "world/marking.h"

#include <stdlib.h>
#include "base/memory.h"

#define CELL_M 4.0f
#define WIDEST_FILTER_M 2.0f /* wider windows take this */

void bcue_markings_free(bcue_markings *markings)
{
    free(markings->items);
    free(markings->cell_start);
    free(markings->members);
    *markings = (bcue_markings){0};
}

void bcue_markings_add(bcue_markings *markings, bcue_vec3 a, bcue_vec3 b, double width_m, double dash_on_m,
                       double dash_period_m, bool yellow)
{
    if (!bcue_grow((void **)&markings->items, &markings->capacity, markings->count + 1,
                   sizeof *markings->items)) {
        markings->failed = true;
        return;
    }
    markings->items[markings->count++] =
        (bcue_marking){(float)a.x,       (float)a.y,           (float)b.x, (float)b.y, (float)(0.5 * width_m),
                       (float)dash_on_m, (float)dash_period_m, yellow};
}

/* The cells that a strip and the window around it can touch. */
static void cells_of(const bcue_markings *m, const bcue_marking *s, uint32_t range[4])
{
    float reach = s->half_width + 0.5f * WIDEST_FILTER_M;
    range[0] = (uint32_t)((fminf(s->ax, s->bx) - reach - m->x_low) / CELL_M);
    range[1] = (uint32_t)((fmaxf(s->ax, s->bx) + reach - m->x_low) / CELL_M);
    range[2] = (uint32_t)((fminf(s->ay, s->by) - reach - m->y_low) / CELL_M);
    range[3] = (uint32_t)((fmaxf(s->ay, s->by) + reach - m->y_low) / CELL_M);
}

/* Does the strip come near the cell? Its distance from the cell's middle against the half diagonal. */
static bool near_cell(const bcue_markings *m, const bcue_marking *s, uint32_t x, uint32_t y)
{
    float cx = m->x_low + ((float)x + 0.5f) * CELL_M, cy = m->y_low + ((float)y + 0.5f) * CELL_M;
    float ux = s->bx - s->ax, uy = s->by - s->ay, square = ux * ux + uy * uy;
    float t = square > 0.0f ? ((cx - s->ax) * ux + (cy - s->ay) * uy) / square : 0.0f;
    t = fmaxf(0.0f, fminf(1.0f, t));
    float dx = cx - s->ax - t * ux, dy = cy - s->ay - t * uy;
    return hypotf(dx, dy) <= 0.7072f * CELL_M + s->half_width + 0.75f * WIDEST_FILTER_M;
}

/* Count the members of every cell (fill false), or enter them. */
static void visit(bcue_markings *m, uint32_t *counts, bool fill)
{
    for (size_t i = 0; i < m->count; i++) {
        uint32_t range[4];
        cells_of(m, &m->items[i], range);
        for (uint32_t y = range[2]; y <= range[3]; y++)
            for (uint32_t x = range[0]; x <= range[1]; x++) {
                if (!near_cell(m, &m->items[i], x, y))
                    continue;
                uint32_t cell = y * m->across + x;
                if (fill)
                    m->members[m->cell_start[cell] + counts[cell]] = (uint32_t)i;
                counts[cell]++;
            }
    }
}

void bcue_markings_index(bcue_markings *m)
{
    if (m->failed || m->count == 0)
        return;
    float x_high = -HUGE_VALF, y_high = -HUGE_VALF;
    m->x_low = m->y_low = HUGE_VALF;
    for (size_t i = 0; i < m->count; i++) {
        const bcue_marking *s = &m->items[i];
        float reach = s->half_width + WIDEST_FILTER_M;
        m->x_low = fminf(m->x_low, fminf(s->ax, s->bx) - reach);
        m->y_low = fminf(m->y_low, fminf(s->ay, s->by) - reach);
        x_high = fmaxf(x_high, fmaxf(s->ax, s->bx) + reach);
        y_high = fmaxf(y_high, fmaxf(s->ay, s->by) + reach);
    }
    m->across = (uint32_t)((x_high - m->x_low) / CELL_M) + 1;
    m->down = (uint32_t)((y_high - m->y_low) / CELL_M) + 1;
    size_t cells = (size_t)m->across * m->down;
    uint32_t *counts = bcue_calloc(cells, sizeof *counts);
    m->cell_start = bcue_calloc(cells + 1, sizeof *m->cell_start);
    if (counts && m->cell_start) {
        visit(m, counts, false);
        for (size_t c = 0; c < cells; c++) {
            m->cell_start[c + 1] = m->cell_start[c] + counts[c];
            counts[c] = 0;
        }
        m->members = bcue_calloc(m->cell_start[cells], sizeof *m->members);
        if (m->members)
            visit(m, counts, true);
    }
    free(counts);
    m->failed = !m->members;
}

/* Integral of a pulse train that is 1 on [0, on) of every period, x >= 0. */
static float pulse_integral(float x, float period, float on)
{
    float cycles = floorf(x / period), rest = x - cycles * period;
    return cycles * on + (rest < on ? rest : on);
}

static float strip_cover(const bcue_marking *s, float x, float y, float filter_x, float filter_y)
{
    float ux = s->bx - s->ax, uy = s->by - s->ay, length = sqrtf(ux * ux + uy * uy);
    if (!(length > 0.0f))
        return 0.0f;
    ux /= length;
    uy /= length;
    float along = (x - s->ax) * ux + (y - s->ay) * uy, across = (y - s->ay) * ux - (x - s->ax) * uy;
    float window_u = fabsf(ux) * filter_x + fabsf(uy) * filter_y;
    float window_v = fabsf(uy) * filter_x + fabsf(ux) * filter_y;
    float v_low = fmaxf(-s->half_width, across - 0.5f * window_v),
          v_high = fminf(s->half_width, across + 0.5f * window_v);
    float u_low = fmaxf(0.0f, along - 0.5f * window_u), u_high = fminf(length, along + 0.5f * window_u);
    if (!(v_high > v_low && u_high > u_low))
        return 0.0f;
    float painted = u_high - u_low;
    if (s->dash_period > 0.0f)
        painted = pulse_integral(u_high, s->dash_period, s->dash_on) -
                  pulse_integral(u_low, s->dash_period, s->dash_on);
    return painted / window_u * (v_high - v_low) / window_v;
}

float bcue_markings_cover(const bcue_markings *m, float x, float y, float filter_x, float filter_y,
                          bool *yellow)
{
    *yellow = false;
    if (!m->members || !(x >= m->x_low && y >= m->y_low))
        return 0.0f;
    float cx = (x - m->x_low) / CELL_M, cy = (y - m->y_low) / CELL_M;
    if (cx >= (float)m->across || cy >= (float)m->down)
        return 0.0f;
    filter_x = fmaxf(1e-3f, fminf(filter_x, WIDEST_FILTER_M));
    filter_y = fmaxf(1e-3f, fminf(filter_y, WIDEST_FILTER_M));
    size_t cell = (size_t)cy * m->across + (size_t)cx;
    float total = 0.0f, best = 0.0f;
    for (uint32_t k = m->cell_start[cell]; k < m->cell_start[cell + 1]; k++) {
        const bcue_marking *s = &m->items[m->members[k]];
        float cover = strip_cover(s, x, y, filter_x, filter_y);
        total += cover;
        if (cover > best) {
            best = cover;
            *yellow = s->yellow;
        }
    }
    return fminf(total, 1.0f);
}
