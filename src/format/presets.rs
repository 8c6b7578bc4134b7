//! The systems whose records are read by a table: audit logs and the like.

use crate::model::EventKind;

use super::place::Place;
use super::preset::Preset;
use super::preset::To;

const TIME: To = To::Place(Place::Time);
const CLIENT: To = To::Place(Place::Client);
const USER: To = To::Place(Place::User);
const KEY: To = To::Place(Place::Key);
const AGENT: To = To::Place(Place::UserAgent);
const STATUS: To = To::Place(Place::Status);
const ACTION: To = To::Extra("action");
const OUTCOME: To = To::Extra("outcome");

pub(super) const CLOUDTRAIL: Preset = audit(&[
    (TIME, "eventTime"),
    (CLIENT, "sourceIPAddress"),
    (USER, "userIdentity/userName"),
    (KEY, "userIdentity/accessKeyId"),
    (AGENT, "userAgent"),
    (ACTION, "eventName"),
    (To::Extra("service"), "eventSource"),
    (To::Extra("region"), "awsRegion"),
    (To::Extra("account"), "recipientAccountId|userIdentity/accountId"),
    (To::Extra("access_key"), "userIdentity/accessKeyId"),
    (To::Extra("arn"), "userIdentity/arn"),
    (To::Extra("role"), "userIdentity/sessionContext/sessionIssuer/userName"),
    (To::Extra("error"), "errorCode"),
]);

pub(super) const K8S_AUDIT: Preset = audit(&[
    (TIME, "requestReceivedTimestamp|stageTimestamp|timestamp"),
    (CLIENT, "sourceIPs"),
    (USER, "user/username"),
    (AGENT, "userAgent"),
    (STATUS, "responseStatus/code"),
    (To::Place(Place::Target), "requestURI"),
    (To::Extra("verb"), "verb"),
    (To::Extra("resource"), "objectRef/resource"),
    (To::Extra("subresource"), "objectRef/subresource"),
    (To::Extra("name"), "objectRef/name"),
    (To::Extra("namespace"), "objectRef/namespace"),
]);

pub(super) const GCP_AUDIT: Preset = audit(&[
    (TIME, "timestamp|receiveTimestamp"),
    (CLIENT, "protoPayload/requestMetadata/callerIp"),
    (USER, "protoPayload/authenticationInfo/principalEmail"),
    (KEY, "protoPayload/authenticationInfo/serviceAccountKeyName"),
    (AGENT, "protoPayload/requestMetadata/callerSuppliedUserAgent"),
    (ACTION, "protoPayload/methodName"),
    (To::Extra("service"), "protoPayload/serviceName"),
    (To::Extra("resource"), "protoPayload/resourceName"),
]);

pub(super) const AZURE_ACTIVITY: Preset = audit(&[
    (TIME, "time|eventTimestamp"),
    (CLIENT, "callerIpAddress"),
    (USER, "identity/claims/name|caller"),
    (ACTION, "operationName"),
    (OUTCOME, "resultType|status/value"),
    (To::Extra("resource"), "resourceId"),
]);

pub(super) const GITHUB_AUDIT: Preset = audit(&[
    (TIME, "created_at|@timestamp|at_sign_timestamp"),
    (CLIENT, "actor_ip"),
    (USER, "actor|user"),
    (KEY, "hashed_token|token_id"),
    (AGENT, "user_agent"),
    (ACTION, "action"),
    (To::Place(Place::Country), "actor_location/country_code"),
]);

pub(super) const OKTA: Preset = audit(&[
    (TIME, "published"),
    (CLIENT, "client/ipAddress|request/ipChain/ip"),
    (USER, "actor/alternateId"),
    (AGENT, "client/userAgent/rawUserAgent"),
    (ACTION, "eventType"),
    (OUTCOME, "outcome/result"),
    (To::Place(Place::Asn), "securityContext/asNumber"),
]);

pub(super) const OPENAI_AUDIT: Preset = audit(&[
    (TIME, "effective_at"),
    (CLIENT, "actor/session/ip_address|actor/api_key/ip_address"),
    (USER, "actor/session/user/email|actor/api_key/user/email|actor/api_key/service_account/id"),
    (KEY, "actor/api_key/id"),
    (AGENT, "actor/session/user_agent"),
    (ACTION, "type"),
]);

pub(super) const ANTHROPIC_ACTIVITY: Preset = audit(&[
    (TIME, "created_at"),
    (CLIENT, "actor/ip_address"),
    (USER, "actor/email_address|actor/unauthenticated_email_address|actor/user_id"),
    (KEY, "actor/api_key_id|actor/admin_api_key_id"),
    (AGENT, "actor/user_agent"),
    (ACTION, "type"),
]);

const fn audit(fields: &'static [(To, &'static str)]) -> Preset {
    Preset { kind: EventKind::Audit, fields }
}
