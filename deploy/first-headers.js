// For nginx 1.23 and newer, which pass a repeated header on as one, joined by ", ": how many
// of these separators the first one has, for each such header that means something to the programs
// (fcgi/parameters.cpp), as "HTTP_ORIGIN=0 HTTP_X_REQUEST_ID=2". The values themselves may have any bytes.
const NAMES = ["content-type", "origin", "x-request-id", "access-control-request-method",
    "access-control-request-headers"];

function first(r) {
    const values = {};
    r.rawHeadersIn.forEach(header => {
        const name = header[0].toLowerCase();
        if (NAMES.includes(name)) values[name] = (values[name] || []).concat([header[1]]);
    });
    return NAMES.filter(name => values[name] && values[name].length > 1)
        .map(name => `HTTP_${name.toUpperCase().replace(/-/g, "_")}=${values[name][0].split(", ").length - 1}`)
        .join(" ");
}

export default { first };
