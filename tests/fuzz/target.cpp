// URI and query: routes, decoding, redirects. Input: method byte, Host up to a NUL, request target.

#include <string>

#include "appcore/http/target.hpp"
#include "reply.hpp"

using namespace appcore;

namespace {

void check_decoding(std::string_view path) {
    std::string decoded;
    http::append_decoded(decoded, path);
    fuzz::ensure(decoded.size() <= path.size(), "decoding never adds");
    const http::Endpoint endpoint = http::route(path);
    if (endpoint == http::Endpoint::other) return;
    if (endpoint == http::Endpoint::metrics && decoded.ends_with('/')) decoded.pop_back();
    fuzz::ensure(decoded == http::path_of(endpoint), "a route is its decoded path");
}

// http://HOST/PATH or http://HOST/PATH?QUERY, all of it visible ASCII, and the path is a route.
void check_redirect(std::string_view location) {
    constexpr std::string_view kScheme = "http://";
    fuzz::ensure(location.starts_with(kScheme), "the redirect is absolute");
    for (const char c : location) fuzz::ensure(c > ' ' && c <= '~', "the redirect is visible");
    location.remove_prefix(kScheme.size());
    const std::size_t host = location.find('/');
    fuzz::ensure(host != 0 && host != std::string_view::npos, "the redirect has a host");
    const std::string_view path = http::split_target(location.substr(host)).path;
    const http::Endpoint endpoint = http::find_endpoint(path);
    fuzz::ensure(endpoint != http::Endpoint::other, "the redirect leads to a route");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::Application application;
    fuzz::Input input(data, size);
    http::Request request;
    request.method = static_cast<http::Method>(input.byte() % http::kMethodNames.size());
    request.method_name = http::to_string(request.method);
    request.server_addr = "192.0.2.1";
    request.server_port = "8000";
    if (const std::string_view host = input.text(); !host.empty()) {
        request.headers[static_cast<std::size_t>(http::Header::host)] = host;
    }
    request.target = input.rest();

    check_decoding(http::split_target(request.target).path);
    const http::Response& response = application.answer(request);
    const auto location = fuzz::find_header(response.headers(), "Location");
    fuzz::ensure(location.has_value() == (response.status() == 307), "307 says where to");
    if (location) check_redirect(*location);
    return 0;
}
