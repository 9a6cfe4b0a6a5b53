# Makes the buckets of $BUCKETS that are missing. Waits until the store answers, not as long as Helm waits for this Job.
IFS=: read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY < <(grep -v '^#' "$ROOT_CREDENTIAL_FILE")
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
until aether --quiet --timeout=5 bucket ls >/tmp/buckets 2>/tmp/why; do
  echo "waiting for $AWS_ENDPOINT_URL: $(cat /tmp/why)"
  ((SECONDS < 240)) || exit 1
  sleep 2
done
for bucket in $BUCKETS; do
  if aether --quiet stat "s3://$bucket" >/dev/null 2>&1; then
    echo "$bucket is there"
  else
    aether bucket create "$bucket"
  fi
done
