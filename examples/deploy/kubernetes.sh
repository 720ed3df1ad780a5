#!/bin/sh
# kubernetes.sh: deploys an image that the registry has, by kubernetes.yaml beside this file. Its tag is the id of the
# deployment.
#
#	./kubernetes.sh 42
#
# Older builds run on, for the tabs that are open; `kubectl delete deployment,service web-41` ends one, after
# `caddy nextjs retire --zone web --id 41`.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 <id>" >&2; exit 2; }
cd "$(dirname "$0")"
kubectl create configmap deploy-script --from-file=deploy.sh --dry-run=client --output=yaml | kubectl apply --filename=-
kubectl delete job "deploy-web-$1" --ignore-not-found
sed "s/BUILD_ID/$1/g" kubernetes.yaml | kubectl apply --filename=-
# Which of both comes first: the job fails within five minutes, or it is complete.
if ! kubectl wait --for=condition=complete --timeout=320s "job/deploy-web-$1"; then
	kubectl logs "job/deploy-web-$1" >&2
	exit 1
fi
kubectl logs "job/deploy-web-$1"
