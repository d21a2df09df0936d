// SPDX-License-Identifier: MIT
// The battery clock (MC146818), read once for the time of day.

#include "i386.h"
#include <arch.h>

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_SECOND 0
#define RTC_MINUTE 2
#define RTC_HOUR 4
#define RTC_DAY 7
#define RTC_MONTH 8
#define RTC_YEAR 9
#define RTC_STATUS_A 10
#define RTC_STATUS_B 11
#define RTC_UPDATING 0x80
#define RTC_24_HOURS 2
#define RTC_BINARY 4
#define RTC_AFTERNOON 0x80
#define RTC_READS 100000

struct date {
    unsigned second, minute, hour, day, month, year;
};

static uint8_t rtc_read(uint8_t index)
{
    out8(RTC_INDEX, index);
    return in8(RTC_DATA);
}

static unsigned number(uint8_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10u + (value & 15);
}

static struct date read_date(void)
{
    uint8_t status = rtc_read(RTC_STATUS_B);
    bool binary = status & RTC_BINARY;
    uint8_t hour = rtc_read(RTC_HOUR);
    struct date date = {
        .second = number(rtc_read(RTC_SECOND), binary),
        .minute = number(rtc_read(RTC_MINUTE), binary),
        .hour = number(hour & ~RTC_AFTERNOON, binary),
        .day = number(rtc_read(RTC_DAY), binary),
        .month = number(rtc_read(RTC_MONTH), binary),
        .year = 2000 + number(rtc_read(RTC_YEAR), binary),
    };
    if (!(status & RTC_24_HOURS))
        date.hour = date.hour % 12 + (hour & RTC_AFTERNOON ? 12 : 0);
    return date;
}

// Days from 1970-01-01 in the Gregorian calendar; a year is taken to start in March, so that leap days come last.
static uint64_t days(const struct date *date)
{
    unsigned year = date->month > 2 ? date->year : date->year - 1;
    unsigned month = (date->month + 9) % 12;
    return 365ull * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + date->day - 1 -
           719468;
}

uint64_t arch_wall_clock(void)
{
    struct date date, again = read_date();
    unsigned reads = 0;
    do {
        while ((rtc_read(RTC_STATUS_A) & RTC_UPDATING) && reads < RTC_READS)
            reads++;
        date = again;
        again = read_date();
    } while (date.second != again.second && reads++ < RTC_READS);
    if (date.month < 1 || date.month > 12)
        return 0; // there is no clock
    uint64_t seconds = ((days(&date) * 24 + date.hour) * 60 + date.minute) * 60 + date.second;
    return seconds * 1000000000;
}
