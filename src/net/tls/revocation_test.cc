// Lists of revoked certificates: what is said of them when they are read.
#include "net/tls/revocation.h"

#include <gtest/gtest.h>

#include <string>

#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

/// The one finding that is expected.
Finding only(const std::vector<Finding>& findings) {
  EXPECT_EQ(findings.size(), 1U);
  return findings.empty() ? Finding{} : findings.front();
}

TEST(TlsRevocation, list_in_force_of_each_authority_is_good) {
  const TestAuthority root("Root");
  const TestAuthority other("Other");
  EXPECT_TRUE(
      judge_revocation(root.revoke({}) + other.revoke({}), root.pem() + other.pem(), certificate_time()).empty());
  EXPECT_TRUE(judge_revocation(root.revoke({}), {}, certificate_time()).empty());
}

TEST(TlsRevocation, authority_without_list_is_named) {
  const TestAuthority root("Root");
  const TestAuthority other("Other");
  const Finding finding = only(judge_revocation(root.revoke({}), root.pem() + other.pem(), certificate_time()));
  EXPECT_FALSE(finding.error);
  EXPECT_EQ(finding.what, "there is no list of CN=Other: every certificate of that authority is refused");
}

TEST(TlsRevocation, expired_list_is_told_with_its_line) {
  const TestAuthority root("Root");
  const std::string lists = "# lists\n" + root.revoke({}, -2);
  const Finding finding = only(judge_revocation(lists, root.pem(), certificate_time()));
  EXPECT_FALSE(finding.error);
  EXPECT_EQ(finding.line, 2U);
  EXPECT_TRUE(finding.what.starts_with("the list of CN=Root expired on ")) << finding.what;
  EXPECT_LT(*revocation_ends(root.revoke({}) + lists), certificate_time()) << "the first to end counts";
  EXPECT_GT(*revocation_ends(root.revoke({})), certificate_time());
}

TEST(TlsRevocation, list_of_another_key_is_an_error) {
  const TestAuthority root("Root");
  const TestAuthority impostor("Root");
  const Finding finding = only(judge_revocation(impostor.revoke({}), root.pem(), certificate_time()));
  EXPECT_TRUE(finding.error);
  EXPECT_EQ(finding.what, "this list is not signed by CN=Root, whose name it has");
}

TEST(TlsRevocation, what_is_no_list_is_an_error) {
  const TestAuthority root("Root");
  EXPECT_EQ(only(judge_revocation(root.pem(), root.pem(), certificate_time())).what,
            "there is no list of revoked certificates in it");
  EXPECT_TRUE(
      only(judge_revocation("\x30\x82", {}, certificate_time())).advice.starts_with("it is in DER: openssl crl"));
  std::string damaged = root.revoke({});
  damaged[100] = '!';
  const Finding finding = only(judge_revocation(damaged, {}, certificate_time()));
  EXPECT_TRUE(finding.error);
  EXPECT_TRUE(finding.what.starts_with("this list cannot be read: ")) << finding.what;
}

}  // namespace
}  // namespace weir::tls
