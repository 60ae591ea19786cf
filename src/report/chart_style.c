/* Colours of the charts. The series colours are spread in lightness as well as hue, so that the common
   colour-vision deficiencies and grey printing keep them apart; each has a lighter twin for dark pages. The
   ramp rises in lightness from blue-violet to amber and stays away from both ends, so that no point vanishes
   on white or on black. */
#include <math.h>
#include <stdlib.h>
#include "report/canvas.h"
#include "report/svg.h"

static const char *const series_light[BCUE_SERIES_COLORS] = {"#1f6fb5", "#d1541c", "#12866a", "#a8528c",
                                                             "#b98400", "#5a5fc0", "#4d9fc4", "#6b7683"};
static const char *const series_dark[BCUE_SERIES_COLORS] = {"#62a9e6", "#f08a55", "#4fc2a0", "#d98fc0",
                                                            "#e3b341", "#9a9ef0", "#8fd0ea", "#9aa6b2"};

static void series_rules(bcue_text *out, const char *const *colors)
{
    for (int i = 0; i < BCUE_SERIES_COLORS; i++)
        bcue_text_printf(out, ".bq-f%d{fill:%s}.bq-l%d{stroke:%s}", i, colors[i], i, colors[i]);
}

bcue_colour bcue_ramp_colour(double part)
{
    static const double anchors[6][3] = {{88, 74, 178},  {54, 114, 190}, {28, 152, 158},
                                         {72, 180, 112}, {170, 192, 62}, {240, 178, 44}};
    double at = part > 0 ? fmin(5.0, 5.0 * part) : 0;
    int k = at >= 5 ? 4 : (int)at;
    uint8_t rgb[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)lround(anchors[k][c] + (at - k) * (anchors[k + 1][c] - anchors[k][c]));
    return (bcue_colour){rgb[0], rgb[1], rgb[2], 255};
}

bcue_colour bcue_series_colour(size_t series)
{
    unsigned long rgb = strtoul(series_light[series % BCUE_SERIES_COLORS] + 1, NULL, 16);
    return (bcue_colour){(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8 & 255), (uint8_t)(rgb & 255), 255};
}

static void ramp_rules(bcue_text *out)
{
    for (int i = 0; i < BCUE_RAMP_COLORS; i++) {
        bcue_colour c = bcue_ramp_colour((double)i / (BCUE_RAMP_COLORS - 1));
        bcue_text_printf(out, ".bq-r%d{fill:#%02x%02x%02x;stroke:#%02x%02x%02x}", i, c.r, c.g, c.b, c.r, c.g,
                         c.b);
    }
}

int bcue_ramp_index(double part)
{
    if (!(part > 0))
        return 0;
    return part >= 1 ? BCUE_RAMP_COLORS - 1 : (int)(part * BCUE_RAMP_COLORS);
}

void bcue_chart_style(bcue_text *out)
{
    bcue_text_puts(
        out,
        ".bq{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica "
        "Neue',Arial,sans-serif;font-size:12px}"
        ".bq text{fill:#5b6672;font-variant-numeric:tabular-nums}.bq .bq-h{fill:#1c2530;font-size:15px;"
        "font-weight:600}.bq .bq-k{fill:#1c2530}.bq .bq-s{font-size:10.5px}.bq .bq-b{font-weight:600}"
        ".bq .bq-w{fill:#fff}.bq .bq-m{font-style:italic}"
        ".bq-g{stroke:#e3e7eb;stroke-width:1}.bq-a{stroke:#9aa4af;stroke-width:1}.bq-e{stroke:#1c2530;"
        "stroke-width:1.25;opacity:.7}.bq-i{fill:#1c2530}.bq-o{fill:none;stroke:#1c2530;stroke-width:1.75}"
        ".bq-q{fill:#8b96a3}.bq-z{fill:#eef1f4}.bq-n{fill:none;stroke-width:2;stroke-linejoin:round;"
        "stroke-linecap:round}.bq-d{stroke-dasharray:6 "
        "4}.bq-v{opacity:.18}.bq-p{stroke-linecap:round;fill:none}"
        ".bq-halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}");
    series_rules(out, series_light);
    ramp_rules(out);
    bcue_text_puts(out,
                   "@media screen and (prefers-color-scheme:dark){.bq text{fill:#9ba7b4}.bq .bq-h,.bq .bq-k"
                   "{fill:#e6ebf0}.bq .bq-w{fill:#12171d}.bq-g{stroke:#2a323b}.bq-a{stroke:#5d6874}"
                   ".bq-e{stroke:#e6ebf0}.bq-i{fill:#e6ebf0}.bq-o{stroke:#e6ebf0}.bq-q{fill:#66727f}"
                   ".bq-z{fill:#1d242c}.bq-v{opacity:.25}.bq-halo{stroke:#12171d}");
    series_rules(out, series_dark);
    bcue_text_puts(out, "}");
}
