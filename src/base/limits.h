// Every bound that something outside Weir can reach, in one place.
//
// Each line gives unit, default and reason with its source. Those that users need are fields of Limits or Timeouts and
// can be set in the configuration (`limits:`, `timeouts:`); the rest are constants.
#pragma once

#include "base/units.h"

namespace weir {

/// What a message may weigh. `limits:` in the configuration.
struct Limits {
  /// Bytes of `METHOD SP TARGET SP VERSION`. RFC 9112 section 3 asks for at least 8,000; nginx and HAProxy give 8 KiB.
  ByteCount request_line_bytes = 8 * kibibyte;
  /// Bytes of a whole head. nginx takes 32 KiB (4 x 8k); Cloudflare 128 KiB; larger cookies than 32 KiB are attacks.
  ByteCount head_bytes = 32 * kibibyte;
  /// Bytes of one field line. Cookies are at most 4 KiB each (RFC 6265 section 6.1); a line may carry several.
  ByteCount field_bytes = 16 * kibibyte;
  /// Number of field lines. Apache's default; browsers send about 20.
  std::uint32_t fields = 100;
  /// Bytes of a body; unbounded unless a route says so, since bodies stream and are never held.
  ByteCount body_bytes = unbounded;
  /// Bytes of a chunk-size line with its extensions, which nobody uses but attackers (CVE-2023-39326).
  ByteCount chunk_line_bytes = 256;
  /// Bytes of a trailer section.
  ByteCount trailer_bytes = 8 * kibibyte;
  /// Client connections held by the whole process; more are refused politely. 4 KiB each when idle.
  std::uint64_t connections = 20'000;
  /// Of these, by one client address; of IPv6 by one network: a host has 2^64 addresses to choose from. Unbounded: how
  /// many people stand behind one address is not ours to guess. nginx limit_conn: none, too.
  std::uint64_t connections_per_client = unbounded;
  std::uint32_t client_ipv6_prefix = 64;
  /// Resident bytes of the whole process beyond which new connections are refused and old ones end behind their current
  /// answer; work that has begun is not touched. Unbounded: how much a machine can spare is not ours to guess.
  ByteCount memory_bytes = unbounded;
  /// Requests on one client connection before it is closed; bounds what one connection can accumulate. nginx: 1,000.
  std::uint64_t requests_per_connection = 1'000'000;
  /// Requests that one HTTP/2 connection may have under way. RFC 9113 section 6.5.2 advises not fewer than 100;
  /// browsers seldom have more than 30.
  std::uint32_t streams_per_connection = 100;
};

/// How long things may take. `timeouts:` in the configuration; `no_limit` where a number would be a guess.
struct Timeouts {
  /// From the first byte of a request to the end of its head. Apache mod_reqtimeout: 20-40 s; attackers trickle.
  Duration client_head = std::chrono::seconds{10};
  /// Between two pieces of a request body. nginx client_body_timeout: 60 s.
  Duration client_body = std::chrono::seconds{30};
  /// Bytes per second below which a request body is too slow, measured after client_body_rate_grace; 0 is off.
  ByteCount client_body_rate = 100;
  Duration client_body_rate_grace = std::chrono::seconds{20};
  /// Between two moments at which the client took a piece of the response. nginx send_timeout: 60 s.
  Duration client_write = std::chrono::seconds{30};
  /// From a connection's begin to the end of its TLS handshake: two round trips and a signature. nginx gives 60 s
  /// (client_header_timeout), HAProxy what its client timeout says.
  Duration tls_handshake = std::chrono::seconds{10};
  /// Idle between two requests. nginx keepalive_timeout: 75 s.
  Duration keep_alive = std::chrono::seconds{75};
  /// After this age a connection is closed behind its current response.
  Duration connection_age = no_limit;
  /// From the head read to the last byte sent. Tunnels are exempt.
  Duration request = no_limit;
  /// A tunnel in which nothing moves, and one that is simply old.
  Duration tunnel_idle = std::chrono::minutes{10};
  Duration tunnel_age = no_limit;
  /// How long a drain waits for what is in flight.
  Duration drain = std::chrono::seconds{30};
  /// How long a connection closed after a refusal keeps reading, so that the client sees the answer and not a reset
  /// (RFC 9112 section 9.6). nginx lingering_timeout: 5 s.
  Duration linger = std::chrono::seconds{2};
};

/// How an upstream is waited for. `upstreams.NAME.timeouts`.
struct UpstreamTimeouts {
  Duration connect = std::chrono::seconds{2};      ///< loopback and data centres answer in milliseconds
  Duration first_byte = std::chrono::seconds{60};  ///< from the request's sending; an upload that moves pauses it
  Duration idle = std::chrono::seconds{60};        ///< between two pieces of a response, or of a request being taken
  Duration queue = std::chrono::seconds{1};        ///< in the waiting line for a connection
  /// One try, from the choice of an endpoint to the head of its answer; then another is tried. What is usual is the
  /// service's to know, so that no number would be right for all.
  Duration attempt = no_limit;
};

/// How many connections an upstream endpoint gets from one shard. `upstreams.NAME.connections`.
struct ConnectionLimits {
  std::uint32_t max = 1024;                          ///< open at once
  std::uint32_t idle_max = 256;                      ///< kept for the next request
  Duration idle_timeout = std::chrono::seconds{50};  ///< below the 60-75 s after which servers usually close first
  std::uint32_t queue = 1024;                        ///< requests waiting for one
};

namespace limits {

/// Bytes of a method; the longest registered one has 17 (RFC 3253: BASELINE-CONTROL and friends).
inline constexpr std::size_t method_bytes = 64;
/// Interim responses before a final one; more than a handful has no use (RFC 9110 section 15.2).
inline constexpr unsigned interim_responses = 16;
/// Bytes of the per-core scratch a read goes into: the largest pipe a loopback read fills at once, and hot in cache.
inline constexpr std::size_t scratch_bytes = 64 * 1024;
/// Bytes of the per-core memory in which a head, its first piece and the chunk framing are composed: room for the
/// largest head and the largest trailer section that the configuration may allow, and a copied piece.
inline constexpr std::size_t compose_bytes = 256 * 1024;
/// Of these, what a head may take; filters that make one grow beyond it get an error instead.
inline constexpr std::size_t composed_head_bytes = 160 * 1024;
/// What `limits.head` and `limits.trailer` may be set to at most.
inline constexpr ByteCount head_bytes_max = 128 * kibibyte;
inline constexpr ByteCount trailer_bytes_max = 64 * kibibyte;
/// Bytes read after a refusal while lingering; more and the client gets its reset.
inline constexpr ByteCount linger_bytes = 1 * mebibyte;
/// Connections accepted per wake-up and listener, so that a flood of new ones does not starve the old.
inline constexpr unsigned accepts_per_wake = 64;
/// Connections that a listener which closes still takes from its queue: as many as Linux lets wait (somaxconn). Without
/// an end, clients that keep coming would keep it open.
inline constexpr unsigned accepts_at_end = 4096;
/// Pieces that one connection may move before others get their turn.
inline constexpr unsigned pieces_per_turn = 16;
/// After one side of an upgraded connection has finished sending, how long the other may be silent. WebSocket knows no
/// half-close: whoever has not answered by then will not (RFC 6455 section 7.1.1).
inline constexpr Duration half_closed_tunnel = std::chrono::seconds{2};
/// Bytes of a message in a WebSocket whose frames are judged, unless the filter says otherwise. Its receiver holds it
/// whole: Go's and Java's servers take 32 KiB to 1 MiB by default, Node's 100 MiB.
inline constexpr ByteCount websocket_message_bytes = 16 * mebibyte;
/// Bytes of content that an HTTP/2 peer may have sent on one stream and nobody has read: what each stream may hold in
/// memory. The protocol's own default (RFC 9113 section 6.9.2).
inline constexpr std::uint32_t h2_stream_window_bytes = 65'535;
/// The same of a connection. It is given back as content arrives, so that one stream that nobody reads stalls no other;
/// this much may be on its way: 1 MiB at 50 ms are 20 MiB/s.
inline constexpr std::uint32_t h2_connection_window_bytes = 1024 * 1024;
/// Times limits.head that a head may have when it is unpacked before the connection ends: what is above the limit is
/// refused with 431, what is far above it is an attack (HPACK bomb, CVE-2016-6581).
inline constexpr unsigned h2_head_excess = 4;
/// Frames that make work and bring nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown ones): so many
/// at once, so many a second; each frame with content, either way, and each request pays for two more. A gRPC client
/// pings a few times a second, a browser announces credit for every DATA frame (CVE-2019-9511 to 9518).
inline constexpr unsigned h2_idle_frames_at_once = 1000;
inline constexpr unsigned h2_idle_frames_per_second = 100;
inline constexpr unsigned h2_idle_frames_per_useful = 2;
/// Requests that a client takes back before they are answered (rapid reset, CVE-2023-44487). A browser that leaves a
/// page takes back all of its hundred; libnghttp2 lets 1,000 pass at once and 33 a second.
inline constexpr unsigned h2_resets_at_once = 300;
inline constexpr unsigned h2_resets_per_second = 30;
/// Bytes that are produced for one HTTP/2 connection before the kernel is asked to take them.
inline constexpr std::size_t h2_flush_bytes = 128 * 1024;
/// The weight of an endpoint, in the configuration and as an operator says it: shares of a thousandth are as fine as
/// anybody measures, and running sums over 10,000 endpoints stay small.
inline constexpr std::uint32_t endpoint_weight = 1000;
/// Endpoints that have metrics of their own; of the others sums stand under the name `other`. Ten families of this are
/// the cardinality that Prometheus advises to think about (10,000).
inline constexpr std::size_t endpoints_with_metrics = 1000;
/// How long one request to the admin address waits for an endpoint's last requests to end; commands ask again.
inline constexpr Duration drain_answer = std::chrono::seconds{30};
/// Bytes of a file of endpoints: 40,000 of 100 bytes.
inline constexpr ByteCount endpoint_file_bytes = 4 * mebibyte;
/// How long a connect to one address of a server is alone before the next is tried beside it. RFC 8305 section 8:
/// between 100 ms and 2 s; a way to a server that takes longer is a bad one.
inline constexpr Duration connection_attempt_delay = std::chrono::milliseconds{250};
/// Cookies of our name in one request that are checked; a browser sends one for each path.
inline constexpr std::size_t sticky_cookies = 4;
/// Keys that such cookies are believed by, and characters of each: 32 of hexadecimal are 128 bits. Two while they
/// rotate.
inline constexpr std::size_t sticky_keys = 4;
inline constexpr std::size_t sticky_key_bytes = 32;
/// Tries per request, the first included.
inline constexpr unsigned attempts = 3;
/// Parts of one answer to a Range. Browsers and download managers ask for one, PDF readers for a handful, attackers for
/// thousands (CVE-2011-3192).
inline constexpr std::size_t ranges = 16;
/// Files that a shard keeps open for one root, each for at least as long as it is used once in a while: a descriptor
/// and some 500 bytes each. nginx operators write 1,000 to 10,000.
inline constexpr std::size_t open_files = 1024;
/// A file up to this long is kept in memory as well: one send carries head and content. Longer ones are sent from the
/// kernel's page cache, which is then cheaper (docs/benchmarks.md).
inline constexpr ByteCount file_in_memory_bytes = 32 * kibibyte;
/// Bytes of such files together, per shard and root.
inline constexpr ByteCount files_in_memory_bytes = 16 * mebibyte;
/// How long what is known of a file is believed without a look at the disk.
inline constexpr Duration file_freshness = std::chrono::seconds{1};
/// A file that nobody asked for in this time is closed, so that a deleted one gives its space back.
inline constexpr Duration file_idle = std::chrono::seconds{20};
/// Content that is copied is read in pieces of this size; what goes straight from the page cache, in larger ones.
inline constexpr std::size_t file_piece_bytes = 64 * 1024;
inline constexpr ByteCount file_slice_bytes = 1 * mebibyte;
/// The entity-tag of a file up to this long is waited for (5 ms of hashing); a longer one goes without until it is
/// known.
inline constexpr ByteCount etag_waited_for_bytes = 8 * mebibyte;
/// What one job on the disk reads for an entity-tag before others have their turn.
inline constexpr ByteCount etag_step_bytes = 32 * mebibyte;
/// Entity-tags remembered per shard and root beyond the open files; 100 bytes each.
inline constexpr std::size_t etags = 16 * 1024;
/// How long a request waits for the disk, and how many of a shard and root may wait at once.
inline constexpr Duration disk_patience = std::chrono::seconds{10};
inline constexpr unsigned disk_waiting = 1024;
/// Entries of one directory listing.
inline constexpr std::size_t listing_entries = 10'000;
/// What a FastCGI application writes to STDERR: bytes of one message that are logged, messages of one request, and how
/// many a core lets through at once and per second. A PHP notice has some 200 bytes; a page that is full of them should
/// not fill the disk.
inline constexpr std::size_t application_message_bytes = 2 * 1024;
inline constexpr unsigned application_messages_per_exchange = 16;
inline constexpr unsigned application_messages_at_once = 100;
inline constexpr unsigned application_messages_per_second = 20;
/// Prefixes of one path that are looked for as scripts (`/a.php/b.php/c`); real sites have one.
inline constexpr std::size_t script_candidates = 4;
/// Scripts of which a core remembers for file_freshness whether they are there, 150 bytes each; sites have a hundred.
inline constexpr std::size_t scripts_remembered = 512;
/// Content of unknown length that the fastcgi service holds until it knows, and what may be configured at most: each
/// such request takes that much memory. Browsers and PHP's clients say the length.
inline constexpr ByteCount held_content_bytes = 64 * kibibyte;
inline constexpr ByteCount held_content_bytes_max = 64 * mebibyte;
/// Bytes of a request body kept for a second try, and what may be configured at most: each such request takes that much
/// memory until its answer begins. Envoy's per-request buffer is 1 MiB; most bodies that may be repeated are small.
inline constexpr ByteCount replay_bytes = 64 * kibibyte;
inline constexpr ByteCount replay_bytes_max = 16 * mebibyte;
/// Bytes of a body with which a request may be hedged: what a socket takes at once when it is idle, so that nothing of
/// it is still being sent when the other try has won.
inline constexpr ByteCount hedged_body_bytes = 16 * kibibyte;
/// Bytes of an answer that is not passed on (its request is tried again) which are read so that its connection can go
/// on, if they are here already; a longer one costs its connection.
inline constexpr ByteCount forgotten_answer_bytes = 16 * kibibyte;
/// How long fault_injection may hold a request: longer than any timeout that is worth rehearsing.
inline constexpr Duration injected_delay_max = std::chrono::minutes{10};
/// Bytes of a password; crypt(3) takes 511, and nobody types more.
inline constexpr std::size_t password_bytes = 511;
/// Passwords that one core has hashed at a time, and that wait for it: a hash costs about 100 ms by design, so what
/// stands further behind would wait for seconds.
inline constexpr unsigned password_checks = 1;
inline constexpr unsigned password_checks_waiting = 64;
/// Verified credentials that one core remembers, 48 bytes each.
inline constexpr std::size_t credentials_remembered = 4096;
/// Bytes of a key that a client shows. Those that `weir api-key new` makes have 48.
inline constexpr std::size_t api_key_bytes = 512;
/// Bytes of an answer to a request of our own (forward_auth): a page that asks to log in has 100 KiB at most.
inline constexpr ByteCount fetched_body_bytes = 256 * kibibyte;
/// Bytes of a file of redirects: 100,000 of 100 bytes are 10 MiB.
inline constexpr ByteCount redirect_file_bytes = 256 * mebibyte;
/// Bytes of what `respond: { template: }` makes: what clients send is at most a head's worth, perhaps several times.
inline constexpr std::size_t rendered_bytes = 512 * 1024;
/// Bytes of a file of users or keys: 100,000 users with bcrypt take 8 MiB.
inline constexpr ByteCount credentials_file_bytes = 32 * kibibyte * kibibyte;
/// Cores that a process may use: what `workers` may be set to.
inline constexpr unsigned shards = 1024;
/// Complaints about one file of users, keys or redirects that are told one by one.
inline constexpr unsigned file_complaints = 20;
/// How often a file that is watched is looked at, when requests come that need it: one stat(2).
inline constexpr Duration watched_file_interval = std::chrono::seconds{1};
/// Bytes that encoders at work may hold on one core: about 250 streams of gzip, 50 of zstd, 30 of br. Beyond it answers
/// go out uncompressed, which is always right.
inline constexpr std::size_t encoders_lent_bytes = 64 * mebibyte;
/// Bytes of encoders that one core keeps for the next answer; an answer that is there as a whole needs one at a time.
inline constexpr std::size_t encoders_idle_bytes = 8 * mebibyte;
/// Bytes that decoders of request bodies may hold on one core: about 700 streams of gzip, 7 of zstd or 3 of br when
/// each asks for the largest window it may. Beyond it requests get 503.
inline constexpr std::size_t decoders_bytes = 64 * mebibyte;
/// Bytes that the keys of one rule of a limit may take: 16 million keys, or 100,000 exact logs of 1,300 moments.
inline constexpr ByteCount limit_table_bytes = 1024 * mebibyte;
/// Tables of all rules of `limit` in a process, one for each core when a rule is local, those of older configurations
/// that still serve included. Each may be two mappings of memory, its large pages and their edges, and Linux gives a
/// process 65,530 (vm.max_map_count): half of them for tables.
inline constexpr std::size_t limit_tables = 16'384;
/// Rules of one limit filter, parts of a key, bytes of a rule's name: real ones have 1 to 4, 1 to 3 and 20.
inline constexpr std::size_t limit_rules = 16;
inline constexpr std::size_t limit_key_parts = 8;
inline constexpr std::size_t limit_name_bytes = 64;
/// Keys that a sketch of the heaviest counts one by one, and bytes of each that operators are shown.
inline constexpr std::size_t heavy_keys = 32;
inline constexpr std::size_t heavy_key_bytes = 48;
/// What members of a fleet tell one another. A message's keys and bytes: a tenth of the keys that are ever hot, in one
/// jumbo frame. Keys that a member knows, and accounts that an aggregator keeps: more hot keys than a fleet has.
inline constexpr std::size_t fleet_message_keys = 128;
inline constexpr std::size_t fleet_message_bytes = 8 * 1024;
inline constexpr std::size_t fleet_keys = 1024;
inline constexpr std::size_t fleet_accounts = 1024;
/// Bytes that wait for one member: half a second of the longest messages; one that is further behind is of no use.
inline constexpr std::size_t fleet_pending_bytes = std::size_t{128} * 1024;
/// Connections of a fleet at once: members, and as many again that are on their way out.
inline constexpr std::size_t fleet_connections = 2048;
/// One answer of a Redis: its bytes (the table of slots of the largest clusters has some 200 KiB), those of a line (an
/// error's sentence), how deep it is nested (CLUSTER SLOTS has four levels) and its elements (a table that is cut into
/// single slots has 16,384 entries of 12).
inline constexpr std::size_t redis_answer_bytes = 1024 * 1024;
inline constexpr std::size_t redis_line_bytes = 4096;
inline constexpr std::size_t redis_answer_depth = 16;
inline constexpr std::uint32_t redis_answer_elements = 1U << 18U;
/// Questions to one Redis that a core has on their way: a second of a saturated one; 24 bytes each.
inline constexpr std::size_t redis_in_flight = 16 * 1024;
/// Servers of one cluster that a core knows at once; Redis advises against more than 1,000.
inline constexpr std::size_t redis_nodes = 1024;
/// Redirections of one question: one for a table that is old, one for a slot that is on its way, one to spare.
inline constexpr unsigned redis_redirections = 3;
/// Addresses that lead to one Redis.
inline constexpr std::size_t redis_addresses = 32;
/// Bytes of an answer to a health check that are looked at: a health page has a few hundred, one with a whole report
/// some KiB.
inline constexpr std::size_t health_answer_bytes = 64 * 1024;
/// Of these, in particular: a line of a Redis; a message of PostgreSQL, whose errors have a few hundred
/// bytes (libpq takes 30,000 of one before it knows the session to be sane).
inline constexpr std::size_t redis_check_line_bytes = 1024;
inline constexpr std::uint32_t postgresql_check_message_bytes = 30'000;
/// Bytes of a name and of a value in a store (contracts/store.h): what is kept there are counters and short records.
inline constexpr std::size_t store_key_bytes = 512;
inline constexpr std::size_t store_value_bytes = 64 * kibibyte;
/// Bytes of a file of /usr/share/zoneinfo; the longest of 2024a has 3,664.
inline constexpr std::size_t time_zone_bytes = 64 * kibibyte;
/// Bytes of a hosts file, and of the file that names name servers: block lists of 100,000 names have 3 MiB.
inline constexpr ByteCount hosts_file_bytes = 16 * mebibyte;
inline constexpr ByteCount resolver_file_bytes = 64 * kibibyte;
/// Name servers that are asked one after the other, and domains that a short name is looked for in (glibc: 3 and 6).
inline constexpr std::size_t dns_servers = 8;
inline constexpr std::size_t dns_search = 8;
/// Records that one answer may bring: a datagram holds 70 addresses, and whoever needs more has a balancer of its own.
inline constexpr std::size_t dns_records = 256;
/// Aliases that one name may lead through: real chains have 1 to 4.
inline constexpr std::size_t dns_aliases = 8;
/// Targets of one service (SRV) that are used, those of the lowest priorities first.
inline constexpr std::size_t dns_targets = 64;
/// Datagrams that are none of our answer and are passed over while it is waited for: more is somebody who guesses.
inline constexpr unsigned dns_stray_datagrams = 16;
/// Questions that one core has open at once, and those that may wait for their turn.
inline constexpr unsigned dns_questions = 64;
inline constexpr unsigned dns_questions_waiting = 65'536;
/// Answers that one core remembers, some 300 bytes each.
inline constexpr std::size_t dns_answers_kept = 65'536;
/// Seconds that an answer holds at least, though its time to live be 0: many endpoints with one name ask once. And how
/// long "there is none" holds where the answer does not say (RFC 2308 section 5 would have at most three hours).
inline constexpr std::uint32_t dns_seconds_min = 1;
inline constexpr std::uint32_t dns_negative_seconds = 5;
inline constexpr std::uint32_t dns_negative_seconds_max = 60;
/// How often files that say how names are resolved are looked at, when a name is: two stat(2).
inline constexpr Duration resolver_files_interval = std::chrono::seconds{5};
/// Who may follow live requests (`weir tail`) at once, in one gateway: each may hold 128 KiB per core and as much on
/// its way, and every request is compared with what each wants to see. People who look at one gateway are a handful.
inline constexpr std::size_t tail_followers = 16;
/// Bytes that one side may send until a TLS handshake is over: a hello has 0.5 to 2 KiB, a chain of RSA certificates 6;
/// OpenSSL itself takes 128 KiB for the hello alone.
inline constexpr std::size_t tls_handshake_bytes = 64 * 1024;
/// Bytes of a binary PROXY header behind its first 16, which say how many come: two IPv6 addresses and their ports have
/// 36, a client certificate that the sender tells of 2,000. nginx: 4,096.
inline constexpr std::size_t proxy_header_bytes = 4096;
/// Certificates above a server's own in its file; real chains have 1 to 3.
inline constexpr std::size_t tls_chain_certificates = 10;
/// Bytes of a file with certificates or a key; the authorities that Debian trusts have 220 KiB.
inline constexpr ByteCount tls_file_bytes = 4 * mebibyte;
/// Certificates of one listener, some 20 KiB each.
inline constexpr std::size_t tls_certificates = 10'000;
/// Bytes of one page of error_pages: it is held in memory, once for all cores. Real ones have 2 to 50 KiB.
inline constexpr ByteCount error_page_bytes = 1 * mebibyte;

/// Bytes until the ClientHello of a connection that is passed on unopened is whole, heads of records included. Browsers
/// send 0.6 KiB, with post-quantum keys 1.8; OpenSSL takes 128 KiB, which nobody has ever needed.
inline constexpr std::size_t client_hello_bytes = 16 * 1024;
/// Conversations of one UDP listener, in the whole process, where the configuration does not say. Each holds a socket.
inline constexpr std::uint64_t udp_sessions = 10'000;
/// How long one may be silent, where the configuration does not say. nginx waits for 10 minutes, at which each question
/// to a resolver would hold a socket for as long.
inline constexpr Duration udp_idle = std::chrono::seconds{30};
/// Datagrams of one client that wait until its server's socket is there, or takes them: a burst; and their bytes, one
/// of the largest.
inline constexpr std::size_t udp_waiting = 64;
inline constexpr std::size_t udp_waiting_bytes = 64 * kibibyte;
/// Bytes of a URL that Weir asks for itself; those of authorities have 50 to 200 (RFC 9110 section 4.1 wants 8,000
/// understood by servers, which these are not).
inline constexpr std::size_t outgoing_url_bytes = 2048;
/// What an authority for certificates (ACME) says: bytes of one text, members of one list. An order has as many
/// authorizations as names, and those have three or four challenges each.
inline constexpr std::size_t acme_text_bytes = 4096;
inline constexpr std::size_t acme_list = 128;
/// Bytes of a token; those of Let's Encrypt have 43.
inline constexpr std::size_t acme_token_bytes = 128;
/// Names of one certificate: what Let's Encrypt takes.
inline constexpr std::size_t acme_names = 100;
/// Times that a request is sent again because its nonce was not taken (RFC 8555 section 6.5). Pebble refuses one in
/// twenty on purpose; a dozen in a row is somebody who refuses them all.
inline constexpr unsigned acme_nonce_retries = 12;
/// Orders of one process that are on their way at once: an authority counts requests of one address.
inline constexpr unsigned acme_orders_at_once = 4;
/// Names of one listener that are had on demand, and that are remembered as refused; some 20 KiB and 100 bytes each.
inline constexpr std::size_t acme_on_demand_names = 10'000;
/// Questions to an endpoint that says which names may be had, at once.
inline constexpr unsigned acme_asking_at_once = 16;
/// Looks at an order that is not decided, one to ten seconds apart.
inline constexpr unsigned acme_polls = 60;

}  // namespace limits
}  // namespace weir
