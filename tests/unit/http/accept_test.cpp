#include "appcore/http/accept.hpp"

#include "catch.hpp"

using namespace appcore::http;

TEST_CASE("a browser prefers HTML, and tools get JSON") {
    CHECK(
        prefers_html("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
                     "image/webp,*/*;q=0.8"));
    CHECK(prefers_html("text/html"));
    CHECK_FALSE(prefers_html("*/*"));
    CHECK_FALSE(prefers_html(""));
    CHECK_FALSE(prefers_html("application/json"));
    CHECK_FALSE(prefers_html("image/png"));
    CHECK_FALSE(prefers_html("text/html, application/json"));
}

TEST_CASE("weights decide, and of several ranges the most specific one") {
    CHECK(prefers_html("application/json;q=0.8, text/html;q=0.9"));
    CHECK_FALSE(prefers_html("application/json;q=0.9, text/html;q=0.8"));
    CHECK(prefers_html("text/*, application/*;q=0.5"));
    CHECK_FALSE(prefers_html("text/html;q=0, text/*, */*"));
    CHECK(prefers_html("TEXT/HTML ; charset=utf-8 ; Q=0.5 , */* ; q=0.1"));
    CHECK(accept_weight("a/b;q=0.25, */*;q=0.5", "a/b") == 0.25);
    CHECK(accept_weight("a/b;q=0.25, */*;q=0.5", "c/d") == 0.5);
    CHECK(accept_weight("a/*;q=0.75, */*;q=0.5", "a/d") == 0.75);
    CHECK(accept_weight("a/*", "ab/c") == 0);
}

TEST_CASE("an Accept header that makes no sense harms nobody") {
    CHECK(accept_weight("text/html;q=much", "text/html") == 1);
    CHECK(accept_weight("text/html;q=0x", "text/html") == 1);
    CHECK(accept_weight("text/html;q=0.2.1", "text/html") == 1);
    CHECK(accept_weight("text/html;q=7", "text/html") == 1);
    CHECK(accept_weight("text/html;q=-1", "text/html") == 1);
    CHECK(accept_weight("text/html;q=nan", "text/html") == 1);
    CHECK(accept_weight(",;,/,*/,/*,;q=", "text/html") == 0);
    CHECK_FALSE(prefers_html(std::string(60'000, ',')));
}
