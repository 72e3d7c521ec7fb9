// What operators and their machines ask of a running gateway.
//
//   GET  /healthz  200 as long as the process lives
//   GET  /readyz   200 while traffic is welcome, 503 from the moment a drain begins
//   GET  /metrics  Prometheus text
//   GET  /status   what runs, as JSON (?format=text for people)
//   GET  /explain  ?method=&url=&from=&header=NAME:VALUE&listener=&format=text: see app/explain.h
//   GET  /top      ?by=&rows=: who is heaviest lately; see app/admin/top_page.h; unix socket only
//   GET  /story    ?id=: past requests; /tail: live ones; see app/admin/story_pages.h
//   GET  /upstreams  ?name=: who serves, and what is known of them
//   POST /upstreams/drain, disable, enable, weight: see app/admin/endpoint_order_page.h
//   POST /reload   answers when the new configuration is live on every core, or 422 with why the old one stays
//   POST /rollback ?hash=: the same for a configuration that ran before
//   POST /stop     begins a drain
//   GET  /history  which configurations ran; through the unix socket only, since it tells what is in them
//   GET  /configuration?hash=  the text of one of them (&format=entry: app/history/entry.h), unix socket only
//
// Those that change something work only through the admin unix socket, whose file mode says who may.
#pragma once

#include "app/admin/metrics_page.h"
#include "app/process/operations.h"
#include "contracts/session.h"
#include "observers/stories/stories.h"

namespace weir {

class AdminHandler final : public Handler {
 public:
  /// \param routes, access_log, stories, heavy  may be null
  explicit AdminHandler(Operations& operations, const RouteMetrics* routes = nullptr,
                        const AccessLog* access_log = nullptr, Stories* stories = nullptr,
                        const HeavyTraffic* heavy = nullptr)
      : operations_(operations), routes_(routes), access_log_(access_log), stories_(stories), heavy_(heavy) {}

  void begin(Exchange& exchange) override;
  Reply handle(Exchange& exchange) override;
  Answer error_answer(Exchange& exchange, const Error& error) override;

 private:
  Reply show_metrics(Exchange& exchange);
  Reply show_explanation(Exchange& exchange);
  Reply show_top(Exchange& exchange);
  Reply reload(Exchange& exchange);
  Reply roll_back(Exchange& exchange);
  Reply show_history(Exchange& exchange);
  Answer show_upstreams(Exchange& exchange);
  Reply show_configuration(Exchange& exchange);
  Answer stop(Exchange& exchange);

  Operations& operations_;
  const RouteMetrics* routes_;
  const AccessLog* access_log_;
  Stories* stories_;
  const HeavyTraffic* heavy_;
};

}  // namespace weir
