#include "overlay/data.h"

#include <string.h>

#include "overlay/market.h"
#include "overlay/money.h"

#define TIME_ROOM 48                     // bytes of a written time

struct deriving {
    const struct vt_data_params *params;
    int64_t expires_ns;
};

static bool get_time(const json_t *object, const char *key, int64_t *ret)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && vt_parse_time(text, ret) == 0;
}

static void expire(struct deriving *d, int64_t at_ns)
{
    if (at_ns > d->params->at_ns && at_ns < d->expires_ns)
        d->expires_ns = at_ns;
}

// Whether now lies in [start, end); a bound that is not said is open.
static bool in_window(struct deriving *d, bool has_start, int64_t start, bool has_end, int64_t end)
{
    int64_t now = d->params->at_ns;
    if (has_start)
        expire(d, start);
    if (has_end)
        expire(d, end);
    return (!has_start || now >= start) && (!has_end || now < end);
}

static bool offer_active(struct deriving *d, const json_t *offer)
{
    int64_t start = 0, end = 0;
    if (!json_is_object(offer))
        return false;
    bool has_start = get_time(offer, "starts_at", &start), has_end = get_time(offer, "ends_at", &end);
    return in_window(d, has_start, start, has_end, end);
}

// What Google Merchant writes as "start/end". False when it is nothing of the kind.
static bool split_range(const char *range, char ret_start[TIME_ROOM], const char **ret_end)
{
    const char *slash = range ? strchr(range, '/') : NULL;
    if (!slash || slash - range >= TIME_ROOM)
        return false;
    memcpy(ret_start, range, (size_t)(slash - range));
    ret_start[slash - range] = 0;
    *ret_end = slash + 1;
    return true;
}

// A date that cannot be read never makes a price a sale.
static bool effective(struct deriving *d, const char *range)
{
    char start_text[TIME_ROOM];
    const char *end_text;
    int64_t start, end;
    return split_range(range, start_text, &end_text) && vt_parse_time(start_text, &start) == 0 &&
           vt_parse_time(end_text, &end) == 0 && in_window(d, true, start, true, end);
}

static const char *range_of(const json_t *product)
{
    return json_string_value(json_object_get(product, "sale_price_effective_date"));
}

static bool on_sale(struct deriving *d, const json_t *product, const json_t *offer)
{
    int64_t amount;
    char currency[4];
    if (!vt_money_from_json(json_object_get(product, "sale_price"), &amount, currency))
        return false;
    if (range_of(product))
        return effective(d, range_of(product));
    return !json_is_object(offer) || offer_active(d, offer);
}

// When the price was reduced, as the data says it: for as long as it is on sale. NULL: nobody says.
static const char *reduced_at(const json_t *product, const json_t *offer, char room[TIME_ROOM])
{
    const char *end;
    if (range_of(product))
        return split_range(range_of(product), room, &end) ? room : NULL;
    return json_string_value(json_object_get(offer, "starts_at"));
}

// By how many whole percent the price is lower than the one before, rounded down; -1: it is not lower.
static int64_t percent_off(const json_t *prior, const json_t *current)
{
    int64_t was, now;
    char was_currency[4], now_currency[4];
    bool lower = vt_money_from_json(prior, &was, was_currency) && vt_money_from_json(current, &now, now_currency) &&
                 strcmp(was_currency, now_currency) == 0 && was > now && now >= 0;
    return lower ? (was - now) * 100 / was : -1;
}

static json_t *derive_price(struct deriving *d, const json_t *product, const json_t *offer)
{
    json_t *price = json_object();
    char start[TIME_ROOM];
    const char *market = d->params->market;
    bool sale = on_sale(d, product, offer);
    json_t *regular = json_object_get(product, "price"), *given = json_object_get(product, "prior_price");
    json_t *current = sale ? json_object_get(product, "sale_price") : regular;
    json_t *prior = json_is_object(given) ? given : sale ? regular : NULL;
    int64_t percent = percent_off(prior, current);
    bool allowed = vt_market_allows(market, given, sale ? reduced_at(product, offer, start) : NULL);
    json_object_set(price, "current", current);
    if (allowed)
        json_object_set(price, "prior", prior);
    json_object_set_new(price, "prior_lawful", json_boolean(allowed && percent >= 0));
    if (allowed && percent > 0)
        json_object_set_new(price, "percent_off", json_integer(percent));
    json_object_set_new(price, "sale", json_boolean(sale));
    return price;
}

static json_t *derive_stock(struct deriving *d, const json_t *product)
{
    int64_t as_of = 0;
    json_t *given = json_object_get(product, "stock"), *stock = json_is_object(given) ? json_copy(given) : json_object();
    bool known = json_is_integer(json_object_get(stock, "available")) && get_time(stock, "as_of", &as_of);
    bool fresh = known && d->params->at_ns - as_of < VT_STOCK_FRESH_NS;
    if (fresh)
        expire(d, as_of + VT_STOCK_FRESH_NS);
    json_object_set_new(stock, "fresh", json_boolean(fresh));
    return stock;
}

// The product's own words in the language: i18n.de over i18n.
static json_t *localise(json_t *product, const char *language)
{
    json_t *copy = json_copy(product), *i18n = json_object_get(product, "i18n");
    char base[16] = "";
    const char *tag = language ? language : "en";
    size_t length = strcspn(tag, "-");
    if (length < sizeof base)
        memcpy(base, tag, length);
    json_t *words = json_object_get(i18n, tag);
    if (!json_is_object(words))
        words = json_object_get(i18n, base);
    if (json_is_object(words))
        json_object_update(copy, words);
    json_object_del(copy, "i18n");
    return copy;
}

static json_t *derive_products(struct deriving *d)
{
    json_t *list = json_array(), *product;
    size_t i;
    json_array_foreach(d->params->products, i, product) {
        if (!json_is_object(product) || i >= VT_PRODUCTS_MAX)
            continue;
        json_t *item = localise(product, d->params->language);
        json_object_set_new(item, "regular_price", json_incref(json_object_get(product, "price")));
        json_object_set_new(item, "price", derive_price(d, product, json_object_get(product, "offer")));
        json_array_append_new(list, item);
    }
    return list;
}

// Further products that the template's fields ask for, as in a bundle.
static void localise_others(const struct vt_data_params *params, json_t *data)
{
    for (int i = 0; i < params->template->n_fields; i++) {
        const struct vt_field *field = &params->template->fields[i];
        json_t *given = field->type == VT_FIELD_PRODUCT ? json_object_get(data, field->name) : NULL;
        if (json_is_object(given) && strcmp(field->name, "product") != 0)
            json_object_set_new(data, field->name, localise(given, params->language));
    }
}

static void set_defaults(const struct vt_template *t, json_t *data)
{
    for (int i = 0; i < t->n_fields; i++) {
        const json_t *given = json_object_get(data, t->fields[i].name);
        if (t->fields[i].fallback && (!given || json_is_null(given)))
            json_object_set_new(data, t->fields[i].name,
                                vt_field_to_json(t->fields[i].fallback, t->fields[i].type));
    }
}

json_t *vt_data_derive(const struct vt_data_params *params, int64_t *ret_expires_ns)
{
    struct deriving d = {.params = params, .expires_ns = INT64_MAX};
    json_t *data = params->data ? json_copy((json_t *)params->data) : json_object();
    set_defaults(params->template, data);
    json_t *product = json_object_get(data, "product"), *offer = json_object_get(data, "offer");
    if (!json_is_object(offer))
        offer = json_object_get(product, "offer");
    if (json_is_object(offer)) {
        json_t *copy = json_copy(offer);
        json_object_set_new(copy, "active", json_boolean(offer_active(&d, offer)));
        json_object_set_new(data, "offer", copy);
        offer = copy;
    }
    if (json_is_object(product)) {
        json_object_set_new(data, "price", derive_price(&d, product, offer));
        json_object_set_new(data, "stock", derive_stock(&d, product));
        json_object_set_new(data, "product", localise(product, params->language));
    }
    localise_others(params, data);
    json_t *show = json_object();
    json_object_set_new(show, "products", derive_products(&d));
    json_object_set_new(data, "show", show);
    *ret_expires_ns = d.expires_ns;
    return data;
}
