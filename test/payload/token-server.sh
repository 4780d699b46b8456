#!/bin/bash
# token-server.sh - one connection of a token server for the tests, run by socat: reads one request,
# answers {"token":...} with a JWT signed by $TOKEN_DIR/key.pem (cert.pem rides along as x5c).
# It says that tokens are good for 300 seconds; the registry refuses them after $TOKEN_SECONDS.
# The user "tester" with "s3cret word" may push; the refresh token "refresh-me" counts as that user;
# without credentials only pull is granted, and nobody gets a token that names forbidden/app.
set -uo pipefail
LEEWAY=60 # what docker-registry adds to the end of a token
good=$(printf 'tester:s3cret word' | base64 -w0)

b64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }

answer() {
    printf 'HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
        "$1" "${#2}" "$2"
}

unescape() {
    local s=${1//+/ }
    printf '%b' "${s//%/\\x}"
}

read -r method target _ || exit 0
auth='' length=0 body=''
while IFS=$'\r' read -r line && [ -n "$line" ]; do
    case ${line,,} in
    authorization:*) auth=${line#*: } ;;
    content-length:*) length=${line#*: } ;;
    esac
done
[ "$length" -eq 0 ] || body=$(head -c "$length")
query=${target#*\?}
[ "$method" != POST ] || query=$body
echo "$method $target $auth $body" >>"$TOKEN_DIR/requests"

access='' user='' refresh='' scopes=()
IFS='&' read -ra pairs <<<"$query"
for pair in "${pairs[@]}"; do
    value=$(unescape "${pair#*=}")
    case $pair in
    scope=*) read -ra more <<<"$value"; scopes+=("${more[@]}") ;;
    refresh_token=*) refresh=$value ;;
    esac
done
if [ -n "$auth" ]; then
    [ "$auth" = "Basic $good" ] || { answer '401 Unauthorized' '{"details":"incorrect username or password"}'; exit; }
    user=tester
elif [ "$method" = POST ]; then
    [ "$refresh" = refresh-me ] || { answer '401 Unauthorized' '{"error":"invalid_grant","error_description":"refresh token expired"}'; exit; }
    user=tester
fi
for scope in "${scopes[@]}"; do
    IFS=: read -r type name actions <<<"$scope"
    [ "$name" != forbidden/app ] || { answer '403 Forbidden' '{"errors":[{"code":"DENIED","message":"access forbidden"}]}'; exit; }
    [ -n "$user" ] || actions=pull
    access+="${access:+,}{\"type\":\"$type\",\"name\":\"$name\",\"actions\":[\"${actions//,/\",\"}\"]}"
done
now=$(date +%s)
x5c=$(openssl x509 -in "$TOKEN_DIR/cert.pem" -outform DER | base64 -w0)
head=$(printf '{"typ":"JWT","alg":"RS256","x5c":["%s"]}' "$x5c" | b64url)
claims=$(printf '{"iss":"kist-test","sub":"%s","aud":"kist-test","exp":%d,"nbf":%d,"iat":%d,"jti":"%s","access":[%s]}' \
    "$user" $((now + TOKEN_SECONDS - LEEWAY)) $((now - 120)) $((now - 120)) "$now$RANDOM" "$access" | b64url)
signature=$(printf '%s.%s' "$head" "$claims" | openssl dgst -sha256 -sign "$TOKEN_DIR/key.pem" -binary | b64url)
answer '200 OK' "{\"token\":\"$head.$claims.$signature\",\"expires_in\":300}"
