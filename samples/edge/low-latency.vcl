# What the edge keeps for low latency: one request at the origin for all who wait for the same playlist or part.
vcl 4.1;

import std;

backend vitrine {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 60s;           # more than three target durations: playlists are held until they have news
    .between_bytes_timeout = 10s;
    .max_connections = 1024;
}

sub vcl_recv {
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    # Only delivery directives make another answer, in whatever order a player writes them.
    set req.url = regsuball(req.url, "(?<=[?&])(?!_HLS_(msn|part|skip)=)[^&]*(&|$)", "");
    set req.url = regsub(req.url, "[?&]+$", "");
    set req.url = std.querysort(req.url);
    unset req.http.Cookie;
    return (hash);
}

sub vcl_hash {
    # A signature says who may watch, not what: nginx has asked about it already. What unsigned requests got is kept
    # apart.
    hash_data(regsub(req.url, "^/@[^/]+", "signed"));
    return (lookup);
}

sub vcl_backend_response {
    set beresp.grace = 0s;               # a playlist that is too old is of no use
    set beresp.keep = 0s;
    # Segments of a second: a playlist without parts is too old after one. Varnish counts in less.
    if (beresp.status == 200 && beresp.http.Cache-Control == "no-cache" && bereq.url ~ "\.m3u8") {
        set beresp.ttl = 250ms;
        return (deliver);
    }
    if (beresp.status >= 400 && beresp.http.Cache-Control ~ "no-store") {
        # For a second everybody asks for himself; after that one for all again.
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
}
