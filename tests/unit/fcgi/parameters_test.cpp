#include "appcore/fcgi/parameters.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using namespace appcore::fcgi;
using appcore::http::Header;
using appcore::http::Method;

namespace {

Parameters read(std::vector<const char*> environment) {
    environment.push_back(nullptr);
    return read_parameters(environment.data());
}

}  // namespace

TEST_CASE("parameters become a request") {
    const auto [request, length] =
        read({"FCGI_ROLE=RESPONDER", "REQUEST_METHOD=POST", "REQUEST_URI=/predict?a=b",
              "CONTENT_LENGTH=12", "REMOTE_ADDR=10.0.0.1", "SERVER_ADDR=10.0.0.2",
              "SERVER_PORT=8000", "APPCORE_REQUEST_KEY=00ff", "HTTP_CONTENT_TYPE=text/plain",
              "HTTP_X_REQUEST_ID=a=b", "HTTP_X_OTHER=1", "APPCORE_SCHEME=https",
              "APPCORE_API_KEY=team", "APPCORE_API_KEY_SERIES=other", "APPCORE_DRAINING=1"});
    CHECK(request.api_key == "team");
    CHECK(request.api_key_series == "other");
    CHECK(request.scheme == "https");
    CHECK(request.is_draining);
    CHECK(request.method == Method::post);
    CHECK(request.method_name == "POST");
    CHECK(request.target == "/predict?a=b");
    CHECK(length == 12);
    CHECK(request.client == "10.0.0.1");
    CHECK(request.server_addr == "10.0.0.2");
    CHECK(request.server_port == "8000");
    CHECK(request.key == "00ff");
    CHECK_FALSE(request.is_retry);
    CHECK(request.error_status == 0);
    CHECK(request.header(Header::content_type) == "text/plain");
    CHECK(request.header(Header::x_request_id) == "a=b");
    CHECK_FALSE(request.header(Header::origin));
}

TEST_CASE("each parameter sets its own part of the request and nothing else") {
    const auto texts = [](const char* entry) {
        const auto [request, length] = read({entry});
        std::vector<std::string> all = {
            std::string(request.method_name),      std::string(request.target),
            std::string(request.client),           std::string(request.server_addr),
            std::string(request.server_port),      std::string(request.key),
            length ? std::to_string(*length) : "", request.is_retry ? "retry" : "",
            std::to_string(request.error_status),  request.is_draining ? "draining" : "",
            std::string(request.scheme),           std::string(request.api_key),
            std::string(request.api_key_series)};
        for (const auto& header : request.headers) all.emplace_back(header.value_or(""));
        return all;
    };
    const std::vector<std::string> none = texts("NOTHING=1");
    for (const std::string_view name : known_parameters()) {
        CAPTURE(name);
        const std::vector<std::string> one = texts((std::string(name) + "=413").c_str());
        int differing = 0;
        for (std::size_t i = 0; i < one.size(); ++i) differing += one[i] != none[i] ? 1 : 0;
        CHECK(differing == (name == "APPCORE_FIRST_OF_JOINED" ? 0 : 1));
    }
}

TEST_CASE("of two parameters of one name the first counts, and an empty one is there") {
    const auto [request, length] =
        read({"HTTP_ORIGIN=", "HTTP_ORIGIN=http://b", "HTTP_COOKIE=a", "HTTP_COOKIE=b"});
    CHECK(request.header(Header::origin) == "");
    CHECK(request.header(Header::cookie) == "a");
}

TEST_CASE("of headers that nginx has joined the first counts") {
    const auto first = [](const char* value, const char* note) {
        return read({note, value}).request.header(Header::origin);
    };
    const char* const value = "HTTP_ORIGIN=http://a, http://b, http://c";
    CHECK(first(value, "APPCORE_FIRST_OF_JOINED=HTTP_ORIGIN=0") == "http://a");
    CHECK(first(value, "APPCORE_FIRST_OF_JOINED=HTTP_COOKIE=0 HTTP_ORIGIN=1") ==
          "http://a, http://b");
    CHECK(first(value, "APPCORE_FIRST_OF_JOINED=HTTP_COOKIE=0") == "http://a, http://b, http://c");
    CHECK(first("HTTP_ORIGIN=, http://b", "APPCORE_FIRST_OF_JOINED=HTTP_ORIGIN=0") == "");
    // A note that does not fit changes nothing.
    for (const char* note : {"HTTP_ORIGIN=2", "HTTP_ORIGIN=9", "HTTP_ORIGIN=-1",
                             "HTTP_ORIGIN=", "HTTP_ORIGIN", "=0", " ", "HTTP_ORIGIN=0x"}) {
        CAPTURE(note);
        const std::string noted = std::string("APPCORE_FIRST_OF_JOINED=") + note;
        CHECK(first(value, noted.c_str()) == "http://a, http://b, http://c");
    }
    // A client's header cannot be the note.
    CHECK(first(value, "HTTP_APPCORE_FIRST_OF_JOINED=HTTP_ORIGIN=0") ==
          "http://a, http://b, http://c");
}

TEST_CASE("a target with other bytes than a URI has is refused like what nginx refuses") {
    for (const char* const target : {"REQUEST_URI=/caf\xc3\xa9", "REQUEST_URI=/x?\x80",
                                     "REQUEST_URI=/x?\x7f", "REQUEST_URI=/a b"}) {
        CHECK(read({target}).request.error_status == 400);
    }
    CHECK(read({"REQUEST_URI=/!~?%ff"}).request.error_status == 0);
    CHECK(read({"REQUEST_URI=/\xff", "APPCORE_ERROR_STATUS=414"}).request.error_status == 414);
}

TEST_CASE("a content length that is not a number is ignored") {
    for (const char* text : {"CONTENT_LENGTH=", "CONTENT_LENGTH=x", "CONTENT_LENGTH=-1",
                             "CONTENT_LENGTH=+1", "CONTENT_LENGTH=1 ", "CONTENT_LENGTH=0x10",
                             "CONTENT_LENGTH=99999999999999999999", "CONTENT_LENGTH"}) {
        CAPTURE(text);
        CHECK_FALSE(read({text}).content_length);
    }
}

TEST_CASE("no client header can name an internal parameter") {
    for (const std::string_view name : known_parameters()) {
        const bool internal = name.substr(0, 8) == "APPCORE_";
        const bool from_client = name.substr(0, 5) == "HTTP_";
        CHECK_FALSE((internal && from_client));
    }
    CHECK(read({"HTTP_APPCORE_ERROR_STATUS=500"}).request.error_status == 0);
    for (const char* text : {"APPCORE_ERROR_STATUS=", "APPCORE_ERROR_STATUS=x"}) {
        CHECK(read({text}).request.error_status == 0);
    }
    CHECK(read({"APPCORE_RETRY=1"}).request.is_retry);
    CHECK(read({"APPCORE_ERROR_STATUS=413"}).request.error_status == 413);
}

// W3C Trace Context, section 3.2.1: several of them are none.
TEST_CASE("a traceparent that came several times is as if it had not come") {
    const auto traceparent = [](std::vector<const char*> environment) {
        return read(std::move(environment)).request.header(Header::traceparent);
    };
    CHECK(traceparent({"HTTP_TRACEPARENT=a", "HTTP_ORIGIN=b"}) == "a");
    CHECK_FALSE(traceparent({"HTTP_TRACEPARENT=a", "HTTP_TRACEPARENT=a"}));
    CHECK_FALSE(traceparent({"HTTP_TRACEPARENT=", "HTTP_ORIGIN=b", "HTTP_TRACEPARENT=a"}));
    CHECK_FALSE(traceparent({"HTTP_TRACEPARENT=a", "HTTP_TRACEPARENT=b", "HTTP_TRACEPARENT=c"}));
}
