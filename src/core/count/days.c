#include "core/count/days.h"

#define BEFORE_BITS ((UINT32_C(1) << PL_DAYS_BACK) - 1)

uint64_t pl_days_pack(struct pl_days days)
{
    return (uint64_t)(uint32_t)(days.last + 1) << 32 | days.before;
}

struct pl_days pl_days_unpack(uint64_t word)
{
    return (struct pl_days){(int32_t)(word >> 32) - 1, (uint32_t)word & BEFORE_BITS};
}

static bool has(struct pl_days days, int32_t day)
{
    int32_t back = days.last - day;

    if (back <= 0 || back > PL_DAYS_BACK)
        return back == 0 && days.last != PL_DAY_NONE;
    return days.before >> (back - 1) & 1;
}

bool pl_days_too_old(struct pl_days days, int32_t day)
{
    return days.last != PL_DAY_NONE && day < days.last - PL_DAYS_BACK;
}

/* The last day becomes one of those before. */
static void move_to(struct pl_days *days, int32_t day)
{
    int32_t gap = day - days->last;

    if (days->last == PL_DAY_NONE || gap > PL_DAYS_BACK)
        days->before = 0;
    else
        days->before = (uint32_t)((uint64_t)days->before << gap | UINT64_C(1) << (gap - 1)) & BEFORE_BITS;
    days->last = day;
}

bool pl_days_note(struct pl_days *days, int32_t day)
{
    if (pl_days_too_old(*days, day) || has(*days, day))
        return false;
    if (day > days->last)
        move_to(days, day);
    else
        days->before |= UINT32_C(1) << (days->last - day - 1);
    return true;
}

bool pl_days_has_week(struct pl_days days, int32_t monday)
{
    for (int32_t day = monday; day < monday + 7; day++)
        if (has(days, day))
            return true;
    return false;
}

unsigned pl_days_list(struct pl_days days, int32_t back, int32_t list[PL_DAYS_BACK + 1])
{
    uint32_t left = days.before & (uint32_t)((UINT64_C(1) << back) - 1);
    unsigned n = 0;

    if (days.last == PL_DAY_NONE)
        return 0;
    for (list[n++] = days.last; left; left &= left - 1)
        list[n++] = days.last - 1 - __builtin_ctz(left);
    return n;
}
