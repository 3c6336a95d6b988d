// Which of the operator's keys a request brings (APPCORE_API_KEYS): what KEYS, which deploy/ctl/nginx_keys.py puts before this
// text, says about the key's SHA-256, "team 50" or "team 50 other", or nothing. Nobody else ever sees the key.
//
// The time that a look-up takes tells something about hashes of what the caller has sent, and nothing about a key: nobody can
// choose what hash a text has.
const crypto = require("crypto");
const FORM = /^[A-Za-z0-9._~+\/-]{1,256}=*$/;  // token68 of RFC 9110

// The key in "Authorization: Bearer KEY" or "X-API-Key: KEY"; nothing if one of the headers is there without one, or they differ.
// A header that comes twice is joined by a comma here, which no key has.
function presented(r) {
    const authorization = r.headersIn["Authorization"];
    const plain = r.headersIn["X-API-Key"];
    if (authorization === undefined) return plain || "";
    const bearer = /^Bearer +([^ ]+)$/i.exec(authorization);
    if (!bearer || (plain !== undefined && plain !== bearer[1])) return "";
    return bearer[1];
}

function found(r) {
    const key = presented(r);
    if (!FORM.test(key)) return "";
    return KEYS[crypto.createHash("sha256").update(key).digest("hex")] || "";
}

export default { found };
