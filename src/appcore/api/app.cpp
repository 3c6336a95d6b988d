#include "appcore/api/app.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "appcore/api/cors.hpp"
#include "appcore/api/errors.hpp"
#include "appcore/api/request_id.hpp"
#include "appcore/http/status.hpp"
#include "appcore/http/target.hpp"

namespace appcore::api {
namespace {

using http::BodyState;
using http::Endpoint;

constexpr std::size_t kKeptPathCapacity = 4096;  // most paths are shorter; a huge one is given back

// The state of the pool is not for scripts of whatever page an operator has open. "/metrics/", as
// the old service spelled it, is open to them as it was.
bool is_for_operators(const http::Request& request, Endpoint endpoint) {
    const std::string_view path = http::split_target(request.target).path;
    return endpoint == Endpoint::status || (endpoint == Endpoint::metrics &&
                                            http::route_without_slashes(path) != Endpoint::metrics);
}

// The address where the request arrived, as a URI has it (RFC 3986, section 3.2.2).
void append_own_host(std::string& out, const http::Request& request) {
    const bool is_ipv6 = request.server_addr.find(':') != std::string_view::npos;
    if (is_ipv6) out.push_back('[');
    out.append(request.server_addr);
    if (is_ipv6) out.push_back(']');
    const std::string_view usual_port = request.scheme == "https" ? "443" : "80";
    if (request.server_port != usual_port) out.append(":").append(request.server_port);
}

void answer_wrong_method(Endpoint endpoint, http::Response& response) {
    answer_error(405, response);
    response.add_header("Allow", http::allowed_methods(endpoint));
}

void redirect(const http::Request& request, Endpoint endpoint, http::Response& response) {
    const auto host = request.header(http::Header::host);
    std::string location(request.scheme);
    location.append("://");
    if (host && http::is_usable_host(*host)) {
        location.append(*host);
    } else {
        append_own_host(location, request);
    }
    location.append(http::path_of(endpoint));
    const std::string_view query = http::split_target(request.target).query;
    if (!query.empty()) {
        location.push_back('?');
        http::append_quoted(location, query);
    }
    response.set_status(307);
    response.add_header("Location", location);
}

}  // namespace

App::App(std::vector<Route> routes, system::IdSource& ids, Observer& observer)
    : routes_(std::move(routes)), ids_(ids), observer_(observer) {}

void App::handle(const http::Request& request, http::Response& response) {
    const std::string_view path = http::split_target(request.target).path;
    const Endpoint endpoint = http::route(path);
    const RequestId id(request, ids_);
    Outcome outcome;
    try {
        respond(request, endpoint, response, outcome);
    } catch (const std::bad_alloc&) {
        throw;  // the transport gives back what it can, and asks for the reply to that
    } catch (const std::exception& exception) {
        observer_.failure(exception.what());
        response.clear();
        outcome = {};
        answer_error(503, response);
        if (!is_for_operators(request, endpoint)) add_cors_headers(request, response);
    }
    if (request.method == http::Method::head) response.omit_body();
    const bool is_polled = request.error_status == 0;
    if (is_polled && endpoint == Endpoint::metrics) return;
    response.add_header("X-Request-ID", id.text());
    if (is_polled && endpoint == Endpoint::ready) return;

    if (path_.capacity() > kKeptPathCapacity) std::string().swap(path_);
    path_.clear();
    http::append_decoded(path_, path);
    observer_.request_ends({request, id.text(), path_, endpoint, response.status(), outcome});
}

void App::respond(const http::Request& request, Endpoint endpoint, http::Response& response,
                  Outcome& outcome) const {
    if (request.error_status == 0 && is_preflight(request)) {
        answer_preflight(request, response);
        return;
    }
    if (request.error_status != 0) {
        const bool known = http::status_index(request.error_status) < http::kStatusCodes.size();
        const int status = known ? request.error_status : 502;
        if (status == 405) {
            answer_wrong_method(endpoint, response);
        } else {
            answer_error(status, response);
        }
    } else if (request.body_state == BodyState::too_large) {
        answer_error(413, response);
    } else if (request.body_state == BodyState::no_memory) {
        observer_.failure("no memory for its body or its reply");
        answer_error(503, response);
    } else if (request.body_state == BodyState::length_mismatch) {
        answer_error(400, kUnreadableBody, response);
    } else {
        dispatch(request, endpoint, response, outcome);
    }
    if (!is_for_operators(request, endpoint)) add_cors_headers(request, response);
}

void App::dispatch(const http::Request& request, Endpoint endpoint, http::Response& response,
                   Outcome& outcome) const {
    if (const Route* const found = find(endpoint)) {
        if (http::allows(endpoint, request.method)) {
            found->action(request, response, outcome);
        } else {
            answer_wrong_method(endpoint, response);
        }
        return;
    }
    const Endpoint target = http::route_without_slashes(http::split_target(request.target).path);
    if (target != Endpoint::other) {
        redirect(request, target, response);
    } else {
        answer_error(404, response);
    }
}

const Route* App::find(Endpoint endpoint) const {
    const auto found = std::find_if(routes_.begin(), routes_.end(),
                                    [&](const Route& route) { return route.endpoint == endpoint; });
    return found == routes_.end() ? nullptr : &*found;
}

}  // namespace appcore::api
