/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_reply.h"
#include "ngx_team_status.h"
#include "ngx_team_zone.h"


#define NGX_TEAM_STATUS_SIZE    32768   /* bytes; several times what it takes */


/* All figures at one moment, summed over workers. */

typedef struct {
    uint64_t             decisions[NGX_TEAM_DECISIONS];
    uint64_t             reasons[TEAM_REASONS];
    uint64_t             caches[NGX_TEAM_CACHES];
    uint64_t             tokens[2];
    uint64_t             api_requests;
    uint64_t             queries;
    uint64_t             failures[4];
    uint64_t             cancels;
    uint64_t             connects;
    uint64_t             connect_failures;
    uint64_t             open;
    uint64_t             busy;
    uint64_t             waiting;
    uint64_t             cells;
    uint64_t             cells_used;
    uint64_t             entries;
    uint64_t             lists;
    uint64_t             evicted;
    uint64_t             refused;
    uint64_t             leased;
    uint64_t             lease;
    uint64_t             keeper;
    uint64_t             changes;
    uint64_t             takeovers;
    uint64_t             torn;
    uint64_t             logins_dropped;
    uint64_t             latency[NGX_TEAM_LATENCY_BUCKETS];
    uint64_t             latency_us;
} ngx_team_figures_t;


#define NGX_TEAM_STATUS_GAUGE    0
#define NGX_TEAM_STATUS_COUNTER  1
#define NGX_TEAM_STATUS_MSEC     2       /* a gauge that is shown in seconds */

/* A family of figures: one, or one for each value of a label. */

typedef struct {
    const char          *name;       /* key in JSON; ngx_team_<name>[_total] */
    const char          *help;
    const char          *label;      /* NULL: a single figure */
    const char *const   *values;     /* of the label; NULL: of reasons */
    size_t               offset;     /* in ngx_team_figures_t */
    ngx_uint_t           n;
    ngx_uint_t           kind;
} ngx_team_family_t;


typedef struct {
    u_char              *pos;
    u_char              *last;
} ngx_team_writer_t;


static void ngx_team_status_collect(ngx_team_figures_t *f);
static void ngx_team_status_slots(ngx_team_figures_t *f,
    ngx_team_zone_sh_t *sh);
static const char *ngx_team_status_value(const ngx_team_family_t *family,
    ngx_uint_t i);
static void ngx_team_status_figure(ngx_team_writer_t *w,
    const ngx_team_family_t *family, uint64_t figure);
static void ngx_team_status_json(ngx_team_writer_t *w, ngx_team_figures_t *f);
static void ngx_team_status_json_latency(ngx_team_writer_t *w,
    ngx_team_figures_t *f);
static void ngx_team_status_prometheus(ngx_team_writer_t *w,
    ngx_team_figures_t *f);
static void ngx_team_status_prometheus_latency(ngx_team_writer_t *w,
    ngx_team_figures_t *f);


static const char *const  ngx_team_status_decisions[NGX_TEAM_DECISIONS] = {
    [NGX_TEAM_DECISION_NONE] = "NONE",
    [NGX_TEAM_DECISION_ALLOW] = "ALLOW",
    [NGX_TEAM_DECISION_DENY] = "DENY",
    [NGX_TEAM_DECISION_REPORT] = "REPORT",
    [NGX_TEAM_DECISION_BYPASS] = "BYPASS"
};

static const char *const  ngx_team_status_caches[NGX_TEAM_CACHES] = {
    [NGX_TEAM_CACHE_NONE] = "NONE",
    [NGX_TEAM_CACHE_WORKER] = "WORKER",
    [NGX_TEAM_CACHE_ZONE] = "ZONE",
    [NGX_TEAM_CACHE_MISS] = "MISS",
    [NGX_TEAM_CACHE_STALE] = "STALE"
};

static const char *const  ngx_team_status_tokens[] = {
    "verified", "remembered"
};

static const char *const  ngx_team_status_failures[] = {
    "refused", "unavailable", "timeout", "overloaded"
};


#define ngx_team_one(member, kind)                                            \
    NULL, NULL, offsetof(ngx_team_figures_t, member), 1, kind

#define ngx_team_many(label, values, member)                                  \
    label, values, offsetof(ngx_team_figures_t, member),                      \
    sizeof(values) / sizeof(values[0]), NGX_TEAM_STATUS_COUNTER

static const ngx_team_family_t  ngx_team_status_families[] = {

    { "decisions", "Requests that the gate decided about.",
      ngx_team_many("decision", ngx_team_status_decisions, decisions) },

    { "refusals", "Requests without the right, by reason.",
      "reason", NULL, offsetof(ngx_team_figures_t, reasons[1]),
      TEAM_REASONS - 1, NGX_TEAM_STATUS_COUNTER },

    { "grants", "Decisions by where their grant came from.",
      ngx_team_many("cache", ngx_team_status_caches, caches) },

    { "tokens", "Good tokens, verified or remembered.",
      ngx_team_many("how", ngx_team_status_tokens, tokens) },

    { "api_requests", "Requests to the API.",
      ngx_team_one(api_requests, NGX_TEAM_STATUS_COUNTER) },

    { "queries", "Queries sent to PostgreSQL.",
      ngx_team_one(queries, NGX_TEAM_STATUS_COUNTER) },

    { "query_failures", "Queries without rows: refused by the function, or "
                        "not answered.",
      ngx_team_many("outcome", ngx_team_status_failures, failures) },

    { "query_cancels", "Cancel requests sent to PostgreSQL.",
      ngx_team_one(cancels, NGX_TEAM_STATUS_COUNTER) },

    { "connects", "Attempts to connect to PostgreSQL.",
      ngx_team_one(connects, NGX_TEAM_STATUS_COUNTER) },

    { "connect_failures", "Attempts to connect that failed.",
      ngx_team_one(connect_failures, NGX_TEAM_STATUS_COUNTER) },

    { "connections_open", "Connections to PostgreSQL.",
      ngx_team_one(open, NGX_TEAM_STATUS_GAUGE) },

    { "connections_busy", "Connections that have a query under way.",
      ngx_team_one(busy, NGX_TEAM_STATUS_GAUGE) },

    { "queries_waiting", "Queries that wait for a connection.",
      ngx_team_one(waiting, NGX_TEAM_STATUS_GAUGE) },

    { "zone_cells", "Cells of 64 bytes in the shared zone.",
      ngx_team_one(cells, NGX_TEAM_STATUS_GAUGE) },

    { "zone_cells_used", "Cells that hold something.",
      ngx_team_one(cells_used, NGX_TEAM_STATUS_GAUGE) },

    { "zone_grants", "Grants in the shared zone.",
      ngx_team_one(entries, NGX_TEAM_STATUS_GAUGE) },

    { "zone_lists", "Lists of roles and permissions that grants share.",
      ngx_team_one(lists, NGX_TEAM_STATUS_GAUGE) },

    { "zone_evicted", "Grants that had to make room.",
      ngx_team_one(evicted, NGX_TEAM_STATUS_COUNTER) },

    { "zone_refused", "Grants that found no room.",
      ngx_team_one(refused, NGX_TEAM_STATUS_COUNTER) },

    { "zone_torn", "Times a process died while it changed the zone.",
      ngx_team_one(torn, NGX_TEAM_STATUS_COUNTER) },

    { "leased", "1 while changes are known to reach this nginx.",
      ngx_team_one(leased, NGX_TEAM_STATUS_GAUGE) },

    { "lease_remaining_seconds", "How long the lease still holds.",
      ngx_team_one(lease, NGX_TEAM_STATUS_MSEC) },

    { "keeper_pid", "The process that listens for changes, 0 if none does.",
      ngx_team_one(keeper, NGX_TEAM_STATUS_GAUGE) },

    { "changes", "Changes that keepers have read.",
      ngx_team_one(changes, NGX_TEAM_STATUS_COUNTER) },

    { "keeper_takeovers", "Times a process became the keeper.",
      ngx_team_one(takeovers, NGX_TEAM_STATUS_COUNTER) },

    { "logins_dropped", "Logins that were not recorded: too many at once.",
      ngx_team_one(logins_dropped, NGX_TEAM_STATUS_COUNTER) }
};

#define NGX_TEAM_FAMILIES                                                     \
    (sizeof(ngx_team_status_families) / sizeof(ngx_team_status_families[0]))

#define ngx_team_figures(f, family)                                           \
    ((uint64_t *) ((u_char *) (f) + (family)->offset))

#define ngx_team_write(w, ...)                                                \
    (w)->pos = ngx_slprintf((w)->pos, (w)->last, __VA_ARGS__)


ngx_int_t
ngx_team_status_handler(ngx_http_request_t *r)
{
    ngx_str_t             type, body;
    ngx_team_writer_t     w;
    ngx_team_figures_t    f;
    ngx_team_loc_conf_t  *tlcf;
    static ngx_str_t      json = ngx_string("application/json");
    static ngx_str_t      text = ngx_string("text/plain; version=0.0.4; "
                                            "charset=utf-8");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (ngx_team_worker.zone == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    body.data = ngx_pnalloc(r->pool, NGX_TEAM_STATUS_SIZE);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    w.pos = body.data;
    w.last = body.data + NGX_TEAM_STATUS_SIZE;

    ngx_team_status_collect(&f);

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    if (tlcf->status == NGX_TEAM_STATUS_PROMETHEUS) {
        type = text;
        ngx_team_status_prometheus(&w, &f);

    } else {
        type = json;
        ngx_team_status_json(&w, &f);
    }

    /* half of it would be read as all of it */

    if (w.pos == w.last) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.len = w.pos - body.data;

    /* what we return is finalized, and so is the answer */

    r->main->count++;

    ngx_team_reply_send(r, NGX_HTTP_OK, type, body);

    return NGX_DONE;
}


static void
ngx_team_status_collect(ngx_team_figures_t *f)
{
    uint64_t             now;
    ngx_uint_t           i;
    ngx_team_zone_sh_t  *sh;
    team_table_stats_t   table;

    ngx_memzero(f, sizeof(ngx_team_figures_t));

    sh = ngx_team_worker.zone->sh;
    now = ngx_current_msec;

    ngx_team_status_slots(f, sh);

    f->queries = sh->pg.queries;
    f->failures[0] = sh->pg.refused;
    f->failures[1] = sh->pg.unavailable;
    f->failures[2] = sh->pg.timeouts;
    f->failures[3] = sh->pg.overloaded;
    f->cancels = sh->pg.cancels;
    f->connects = sh->pg.connects;
    f->connect_failures = sh->pg.connect_failures;
    f->latency_us = sh->pg.latency_us;

    for (i = 0; i < NGX_TEAM_LATENCY_BUCKETS; i++) {
        f->latency[i] = sh->pg.latency[i];
    }

    ngx_team_zone_stats(ngx_team_worker.zone, &table);

    f->cells = table.cells;
    f->cells_used = table.used;
    f->entries = table.entries;
    f->lists = table.lists;
    f->evicted = table.evicted;
    f->refused = table.refused;

    if (ngx_team_zone_leased(ngx_team_worker.zone, now)) {
        f->leased = 1;
        f->lease = sh->lease - now;
    }

    f->keeper = (sh->keeper_until > now) ? sh->keeper : 0;
    f->changes = sh->changes;
    f->takeovers = sh->takeovers;
    f->torn = sh->torn;
    f->logins_dropped = sh->logins_dropped;
}


static void
ngx_team_status_slots(ngx_team_figures_t *f, ngx_team_zone_sh_t *sh)
{
    ngx_uint_t        i, k;
    ngx_team_slot_t  *slot;

    for (i = 0; i < NGX_TEAM_ZONE_SLOTS; i++) {
        slot = &sh->slots[i];

        for (k = 0; k < NGX_TEAM_DECISIONS; k++) {
            f->decisions[k] += slot->decisions[k];
        }

        for (k = 0; k < TEAM_REASONS; k++) {
            f->reasons[k] += slot->reasons[k];
        }

        for (k = 0; k < NGX_TEAM_CACHES; k++) {
            f->caches[k] += slot->caches[k];
        }

        f->tokens[0] += slot->tokens_verified;
        f->tokens[1] += slot->tokens_known;
        f->api_requests += slot->api_requests;

        f->open += slot->gauges.open;
        f->busy += slot->gauges.busy;
        f->waiting += slot->gauges.waiting;
    }
}


static const char *
ngx_team_status_value(const ngx_team_family_t *family, ngx_uint_t i)
{
    return family->values ? family->values[i]
                          : team_reason_name((team_reason_e) (i + 1));
}


static void
ngx_team_status_figure(ngx_team_writer_t *w, const ngx_team_family_t *family,
    uint64_t figure)
{
    if (family->kind == NGX_TEAM_STATUS_MSEC) {
        ngx_team_write(w, "%uL.%03uL", figure / 1000, figure % 1000);

    } else {
        ngx_team_write(w, "%uL", figure);
    }
}


static void
ngx_team_status_json(ngx_team_writer_t *w, ngx_team_figures_t *f)
{
    uint64_t                 *figure;
    ngx_uint_t                i, k;
    const ngx_team_family_t  *family;

    ngx_team_write(w, "{\"version\":\"%s\"", NGX_TEAM_VERSION);

    for (i = 0; i < NGX_TEAM_FAMILIES; i++) {
        family = &ngx_team_status_families[i];
        figure = ngx_team_figures(f, family);

        ngx_team_write(w, ",\"%s\":", family->name);

        if (family->label == NULL) {
            ngx_team_status_figure(w, family, *figure);
            continue;
        }

        for (k = 0; k < family->n; k++) {
            ngx_team_write(w, "%s\"%s\":%uL", k ? "," : "{",
                           ngx_team_status_value(family, k), figure[k]);
        }

        ngx_team_write(w, "}");
    }

    ngx_team_status_json_latency(w, f);

    ngx_team_write(w, "}\n");
}


static void
ngx_team_status_json_latency(ngx_team_writer_t *w, ngx_team_figures_t *f)
{
    uint64_t    n;
    ngx_uint_t  i;

    ngx_team_write(w, ",\"query_microseconds\":{\"up_to\":{");

    n = 0;

    for (i = 0; i < NGX_TEAM_LATENCY_BUCKETS - 1; i++) {
        n += f->latency[i];

        ngx_team_write(w, "%s\"%ui\":%uL", i ? "," : "",
                       ngx_team_latency_bounds[i], n);
    }

    n += f->latency[i];

    ngx_team_write(w, "},\"sum\":%uL,\"count\":%uL}", f->latency_us, n);
}


static void
ngx_team_status_prometheus(ngx_team_writer_t *w, ngx_team_figures_t *f)
{
    uint64_t                 *figure;
    ngx_uint_t                i, k, counter;
    const char               *total;
    const ngx_team_family_t  *family;

    ngx_team_write(w, "# HELP ngx_team_build_info The version of ngx_team.\n"
                   "# TYPE ngx_team_build_info gauge\n"
                   "ngx_team_build_info{version=\"%s\"} 1\n",
                   NGX_TEAM_VERSION);

    for (i = 0; i < NGX_TEAM_FAMILIES; i++) {
        family = &ngx_team_status_families[i];
        figure = ngx_team_figures(f, family);
        counter = (family->kind == NGX_TEAM_STATUS_COUNTER);
        total = counter ? "_total" : "";

        ngx_team_write(w, "# HELP ngx_team_%s%s %s\n"
                       "# TYPE ngx_team_%s%s %s\n",
                       family->name, total, family->help,
                       family->name, total,
                       counter ? "counter" : "gauge");

        if (family->label == NULL) {
            ngx_team_write(w, "ngx_team_%s%s ", family->name, total);
            ngx_team_status_figure(w, family, *figure);
            ngx_team_write(w, "\n");
            continue;
        }

        for (k = 0; k < family->n; k++) {
            ngx_team_write(w, "ngx_team_%s%s{%s=\"%s\"} %uL\n",
                           family->name, total, family->label,
                           ngx_team_status_value(family, k), figure[k]);
        }
    }

    ngx_team_status_prometheus_latency(w, f);
}


static void
ngx_team_status_prometheus_latency(ngx_team_writer_t *w,
    ngx_team_figures_t *f)
{
    uint64_t    n;
    ngx_uint_t  i, bound;

    ngx_team_write(w, "# HELP ngx_team_query_seconds Queries to PostgreSQL, "
                   "from start to answer, waiting included.\n"
                   "# TYPE ngx_team_query_seconds histogram\n");

    n = 0;

    for (i = 0; i < NGX_TEAM_LATENCY_BUCKETS - 1; i++) {
        n += f->latency[i];
        bound = ngx_team_latency_bounds[i];

        ngx_team_write(w, "ngx_team_query_seconds_bucket{le=\"%ui.%06ui\"} "
                       "%uL\n", bound / 1000000, bound % 1000000, n);
    }

    n += f->latency[i];

    ngx_team_write(w, "ngx_team_query_seconds_bucket{le=\"+Inf\"} %uL\n"
                   "ngx_team_query_seconds_sum %uL.%06uL\n"
                   "ngx_team_query_seconds_count %uL\n",
                   n, f->latency_us / 1000000, f->latency_us % 1000000, n);
}
