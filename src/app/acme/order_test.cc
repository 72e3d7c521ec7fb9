// The steps of an order: each state of the authority's gives one, and every order comes to an end.
#include "app/acme/order.h"

#include <gtest/gtest.h>

namespace weir::acme {
namespace {

OrderView order_of(std::size_t names) {
  OrderView view{.order = {.status = Status::pending, .finalize = "https://ca.test/f"}, .authorizations = {}};
  view.authorizations.resize(names);
  return view;
}

Authorization authorization(Status status, std::string type = "http-01") {
  return {.name = "shop.test",
          .status = status,
          .challenges = {{.type = "dns-01", .url = "https://ca.test/c/0", .token = "t0"},
                         {.type = std::move(type), .url = "https://ca.test/c/1", .token = "t1"}}};
}

Act act_of(const OrderView& view) {
  return next_step(view, ChallengeKind::http_01).act;
}

TEST(AcmeOrder, goes_from_authorizations_to_the_certificate) {
  OrderView view = order_of(1);
  EXPECT_EQ(act_of(view), Act::ask_authorization);
  view.authorizations[0].said = authorization(Status::pending);
  const Step step = next_step(view, ChallengeKind::http_01);
  EXPECT_EQ(step.act, Act::answer_challenge);
  EXPECT_EQ(step.challenge, 1U);
  view.authorizations[0].answered = true;
  EXPECT_EQ(act_of(view), Act::await_authorization);
  view.authorizations[0].said->status = Status::valid;
  EXPECT_EQ(act_of(view), Act::await_order);
  view.order.status = Status::ready;
  EXPECT_EQ(act_of(view), Act::finalize);
  view.finalized = true;
  EXPECT_EQ(act_of(view), Act::await_order) << "what was sent once is not sent again";
  view.order.status = Status::processing;
  EXPECT_EQ(act_of(view), Act::await_order);
  view.order.status = Status::valid;
  view.order.certificate = "https://ca.test/cert";
  EXPECT_EQ(act_of(view), Act::download);
}

TEST(AcmeOrder, lets_all_challenges_stand_before_it_waits) {
  OrderView view = order_of(2);
  view.authorizations[0] = {.said = authorization(Status::pending), .answered = true};
  EXPECT_EQ(act_of(view), Act::ask_authorization);
  view.authorizations[1].said = authorization(Status::pending);
  EXPECT_EQ(next_step(view, ChallengeKind::http_01).at, 1U);
  EXPECT_EQ(act_of(view), Act::answer_challenge);
}

TEST(AcmeOrder, passes_over_names_that_are_proved_already) {
  OrderView view = order_of(1);
  view.authorizations[0].said = authorization(Status::valid);
  EXPECT_EQ(act_of(view), Act::await_order);
  view = order_of(1);
  view.order.status = Status::ready;
  EXPECT_EQ(act_of(view), Act::finalize);
}

TEST(AcmeOrder, gives_up_with_the_reason) {
  OrderView view = order_of(1);
  view.authorizations[0].said = authorization(Status::invalid);
  view.authorizations[0].said->challenges[1].error = Problem{.type = "connection", .detail = "refused"};
  EXPECT_EQ(next_step(view, ChallengeKind::http_01).why, "shop.test (http-01): connection: refused");
  view.order.status = Status::invalid;
  EXPECT_EQ(next_step(view, ChallengeKind::http_01).why, "shop.test (http-01): connection: refused");
  view.order.error = Problem{.type = "orderNotReady", .detail = "late"};
  EXPECT_EQ(next_step(view, ChallengeKind::http_01).why, "orderNotReady: late");
  view = order_of(1);
  view.authorizations[0].said = authorization(Status::pending, "tls-alpn-01");
  EXPECT_EQ(next_step(view, ChallengeKind::http_01).why,
            "shop.test: the authority does not offer the challenge http-01");
  view = order_of(0);
  view.order.status = Status::valid;
  EXPECT_EQ(act_of(view), Act::give_up) << "valid, but no certificate";
  view.order.status = Status::unknown;
  EXPECT_EQ(act_of(view), Act::give_up);
}

}  // namespace
}  // namespace weir::acme
