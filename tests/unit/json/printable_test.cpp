#include "appcore/json/printable.hpp"

#include "catch.hpp"

using appcore::json::printable;

TEST_CASE("what a terminal would obey, or not understand, is shown as a mark", "[json]") {
    CHECK(printable("node 0: 'x'") == "node 0: 'x'");
    CHECK(printable("\xC3\xA4 \xC2\xA0") == "\xC3\xA4 \xC2\xA0");
    CHECK(printable(std::string("a\0\x1B[2J\n\x7F", 8)) == "a??[2J??");
    CHECK(printable("\xC2\x9B"
                    "2J") == "?2J");  // the same as ESC [ for some terminals
    CHECK(printable("\xFF\xC2") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}
