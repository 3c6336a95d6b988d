#include "appcore/system/ids.hpp"

#include <set>
#include <string>

#include "catch.hpp"

using namespace appcore::system;

// RFC 9562, appendix A.3, with its version and variant bits set again.
TEST_CASE("a UUID has its version and variant wherever its bytes come from") {
    CHECK(Uuid({0x91, 0x91, 0x08, 0xf7, 0x52, 0xd1, 0x33, 0x20, 0x5b, 0xac, 0xf8, 0x47, 0xdb, 0x41,
                0x48, 0xa8})
              .text() == "919108f7-52d1-4320-9bac-f847db4148a8");
    CHECK(Uuid({}).text() == "00000000-0000-4000-8000-000000000000");
    CHECK(Uuid({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                0xff, 0xff})
              .text() == "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST_CASE("random ids do not repeat, also when a block of them is used up") {
    RandomIds ids;
    std::set<std::string, std::less<>> seen;
    for (int i = 0; i < 1000; ++i) seen.emplace(ids.next().text());
    CHECK(seen.size() == 1000);
}
