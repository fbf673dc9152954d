#include "ctl/worth.h"

#include "util/num.h"

#include <math.h>

double pl_worth_share(double cost, double value_of_one_percent, double years)
{
    return cost / (value_of_one_percent * years) / 100;
}

bool pl_worth_number(struct pl_span text, double *value)
{
    double unit = 1;

    text = pl_span_trim(text);
    if (text.len && (text.ptr[text.len - 1] == 'k' || text.ptr[text.len - 1] == 'K'))
        unit = 1e3;
    else if (text.len && text.ptr[text.len - 1] == 'M')
        unit = 1e6;
    if (unit > 1)
        text.len--;
    if (!pl_num_double(text, value))
        return false;
    *value *= unit;
    return isfinite(*value) && *value > 0;
}
