#include "appcore/status/status_page.hpp"

#include "appcore/status/status_assets.hpp"
#include "appcore/status/status_template.hpp"

namespace appcore::status {
namespace {

// status_template.hpp says what the data- attributes mean.
constexpr std::string_view kBody = R"html(
<main>
<header data-value="/pool/state" data-as="mark">
<h1 data-value="/pool/summary" data-as="text"></h1>
<p><span data-value="/pool/since_means" data-as="text"></span> since
<time data-value="/pool/since" data-as="clock"></time>
(<b data-value="/pool/since_seconds" data-as="duration"></b>)</p>
<p><b data-value="/pool/workers_alive" data-as="count"></b> of
<span data-value="/pool/workers_configured" data-as="count"></span> workers alive,
<b data-value="/pool/workers_busy" data-as="count"></b> busy;
<b data-value="/pool/requests_waiting" data-as="count"></b> requests waiting</p>
<ul data-each="/pool/problems"><template><li
data-value="/value" data-as="text"></li></template></ul>
</header>
<p id="age">As of <time data-value="/generated_at" data-as="clock"></time><span id="note">.
Reload for newer numbers.</span></p>

<section id="tiles" aria-label="The last minute">
<article>
<h2>Requests</h2>
<p class="big" data-value="/last_minutes/1/requests_per_second" data-as="rate"></p>
<svg viewBox="0 0 60 20" preserveAspectRatio="none" role="img"
aria-label="Requests a second, 5 minutes">
<path data-value="/history/requests_per_second" data-as="area"></path><path
data-value="/history/requests_per_second" data-as="line"></path></svg>
<p>5 min <span data-value="/last_minutes/5/requests_per_second" data-as="rate"></span><br>
peak <span data-value="/history/requests_per_second" data-as="rate"></span></p>
</article>
<article>
<h2>Errors</h2>
<p class="big" data-value="/last_minutes/1/error_ratio" data-as="percent"></p>
<svg viewBox="0 0 60 20" preserveAspectRatio="none" role="img"
aria-label="Errors a second, 5 minutes">
<path data-value="/history/errors_per_second" data-as="area"></path><path
data-value="/history/errors_per_second" data-as="line"></path></svg>
<p>5 min <span data-value="/last_minutes/5/error_ratio" data-as="percent"></span><br>
peak <span data-value="/history/errors_per_second" data-as="rate"></span></p>
</article>
<article>
<h2>Latency p50</h2>
<p class="big" data-value="/last_minutes/1/latency_ms/p50" data-as="ms"></p>
<svg viewBox="0 0 60 20" preserveAspectRatio="none" role="img"
aria-label="Median latency, 5 minutes">
<path data-value="/history/p50_ms" data-as="area"></path><path
data-value="/history/p50_ms" data-as="line"></path></svg>
<p>5 min <span data-value="/last_minutes/5/latency_ms/p50" data-as="ms"></span><br>
peak <span data-value="/history/p50_ms" data-as="ms"></span><br>
waiting <span data-value="/last_minutes/1/wait_ms/p50" data-as="ms"></span></p>
</article>
<article>
<h2>Latency p99</h2>
<p class="big" data-value="/last_minutes/1/latency_ms/p99" data-as="ms"></p>
<svg viewBox="0 0 60 20" preserveAspectRatio="none" role="img"
aria-label="p99 of the latency, 5 minutes">
<path data-value="/history/p99_ms" data-as="area"></path><path
data-value="/history/p99_ms" data-as="line"></path></svg>
<p>5 min <span data-value="/last_minutes/5/latency_ms/p99" data-as="ms"></span><br>
peak <span data-value="/history/p99_ms" data-as="ms"></span><br>
waiting <span data-value="/last_minutes/1/wait_ms/p99" data-as="ms"></span></p>
</article>
</section>
<p class="hint">The last minute, and 5 minutes as a plot, without the requests for this page.
Latency is waiting plus the worker's own time; percentiles are within 10 %. Errors are replies
from 500 on.</p>

<section>
<h2 id="workers">Workers</h2>
<table role="table" aria-labelledby="workers">
<thead role="rowgroup"><tr role="row"><th role="columnheader">Worker</th>
<th role="columnheader">State</th>
<th role="columnheader">Busy for</th><th role="columnheader">Last active</th>
<th role="columnheader">Requests</th><th role="columnheader">Errors</th>
<th role="columnheader">Memory</th><th role="columnheader">Age</th>
<th role="columnheader">Starts</th><th role="columnheader">PID</th></tr></thead>
<tbody role="rowgroup" data-each="/workers"><template><tr role="row">
<th role="rowheader" data-value="/name" data-as="text"></th>
<td role="cell"><span data-value="/state" data-as="state"></span></td>
<td role="cell" data-label="Busy for" data-value="/current_request_seconds" data-as="duration"></td>
<td role="cell" data-label="Last active"
data-value="/last_activity_seconds" data-as="duration"></td>
<td role="cell" data-label="Requests" data-value="/requests" data-as="count"></td>
<td role="cell" data-label="Errors" data-value="/errors" data-as="count"></td>
<td role="cell" data-label="Memory" data-value="/memory_bytes" data-as="bytes"></td>
<td role="cell" data-label="Age" data-value="/age_seconds" data-as="duration"></td>
<td role="cell" data-label="Starts" data-value="/starts" data-as="count"></td>
<td role="cell" data-label="PID" data-value="/pid" data-as="text"></td>
</tr></template></tbody>
</table>
</section>

<section>
<h2>Since counting began</h2>
<p><b data-value="/totals/requests" data-as="count"></b> requests,
<b data-value="/totals/errors" data-as="count"></b> errors,
<b data-value="/totals/predictions" data-as="count"></b> predictions; replies by status:</p>
<ul id="statuses" data-each="/totals/by_status"><template><li data-value="/key" data-as="mark"><b
data-value="/key" data-as="text"></b> <span
data-value="/value" data-as="count"></span></li></template></ul>
</section>

<footer>Watched for <span data-value="/pool/watched_seconds" data-as="duration"></span>.
<span data-value="/service/name" data-as="text"></span>
<span data-value="/service/version" data-as="text"></span>, model
<span data-value="/service/model_versions" data-as="text"></span></footer>
</main>
)html";

// An icon of its own, so that no browser asks for /favicon.ico.
constexpr std::string_view kHead =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<title data-value=\"/pool/summary\" data-as=\"text\"></title>\n";

void append_element(std::string& out, std::string_view name, std::string_view content) {
    out.append("<").append(name).append(">").append(content);
    out.append("</").append(name).append(">\n");
}

}  // namespace

std::string status_page(const nlohmann::ordered_json& report) {
    std::string page = fill_template(kHead, report);
    append_element(page, "style", status_style().text);
    page.append("</head>\n<body>");
    page.append(fill_template(kBody, report));
    append_element(page, "script", status_script().text);
    page.append("</body>\n</html>\n");
    return page;
}

std::string status_page_policy() {
    std::string policy =
        "default-src 'none'; img-src data:; connect-src 'self'; style-src 'sha256-";
    policy.append(status_style().sha256).append("'; script-src 'sha256-");
    policy.append(status_script().sha256);
    return policy.append("'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

}  // namespace appcore::status
