// Price rules of markets: when a price from before may stand beside a reduced one. Pure; an engineer's reading of the
// law, not a lawyer's.
//
// `none` has no rule. The European Economic Area and its members ask for the lowest price of at least the 30 days
// before the reduction (Directive 98/6/EC, article 6a; its exceptions are not known here), China for the lowest of the
// 7 days before (Interim Provisions on Regulating Promotional Activities, article 21). Whatever other market there is
// takes the strictest of these: a price that is lawful there is an honest one anywhere.
#pragma once

#include <jansson.h>
#include <stdbool.h>

// "none", "eu", or a country's two letters (ISO 3166-1: "de", "us"); in capitals, too. NULL is `none`.
bool vt_market_valid(const char *market);

// Of how many days before a reduction the price from before must be the lowest; 0: no rule.
int vt_market_days(const char *market);

// Whether `prior` {"amount", "currency", "type": "lowest_30d", "from": date, "to": date} may stand in the market beside a
// price that was reduced at `start` (a date or an RFC 3339 time; NULL: nobody knows when). Its type must say "lowest_Nd"
// with no fewer days than the rule's, and its span, both dates among it, must have that many days before the day of the
// reduction and leave none of them out. Days are those that the texts name, whatever their time zone.
bool vt_market_allows(const char *market, const json_t *prior, const char *start);
