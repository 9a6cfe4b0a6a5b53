# Puts an object through the Service, reads it back, compares every byte, lists it, deletes it. Any step that fails ends it.
IFS=: read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY < <(grep -v '^#' "$ROOT_CREDENTIAL_FILE")
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
work=$(mktemp -d)
bucket=aetherstore-test-$(date +%s)-$RANDOM
tidy() {
  aether --quiet rm --yes "s3://$bucket/bytes" >/dev/null 2>&1 || true
  aether --quiet bucket delete --yes "$bucket" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap tidy EXIT

head -c "$OBJECT_BYTES" /dev/urandom >"$work/sent"
aether --quiet bucket create "$bucket"
aether --quiet put "$work/sent" "s3://$bucket/bytes"
echo "put: $OBJECT_BYTES bytes to s3://$bucket/bytes at $AWS_ENDPOINT_URL"

aether --quiet get "s3://$bucket/bytes" "$work/received"
cmp "$work/sent" "$work/received"
echo "get: every byte is the one that was sent"

sent=$(sha256sum <"$work/sent") received=$(aether cat "s3://$bucket/bytes" | sha256sum)
[[ $sent == "$received" ]] || { echo "checksum: sent $sent received $received"; exit 1; }
echo "checksum: ${sent%% *}"

[[ $(aether --no-headers ls "s3://$bucket/" | grep -c 'bytes') == 1 ]] || { echo 'list: the object is missing'; exit 1; }
echo "list: the object is there"

aether --quiet rm --yes "s3://$bucket/bytes"
if aether --quiet stat "s3://$bucket/bytes" >/dev/null 2>&1; then echo 'delete: the object is still there'; exit 1; fi
aether --quiet bucket delete --yes "$bucket"
echo "delete: object and bucket are gone"
