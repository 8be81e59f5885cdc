/** Directives that need nothing done, and those that cannot be done: what to write instead. */

/** What they tune is done in another way here, or is so in any case. */
export const IDLE_DIRECTIVES: ReadonlySet<string> = new Set([
  ...['chunked_transfer_encoding', 'client_body_buffer_size', 'client_body_timeout', 'client_header_buffer_size'],
  ...['client_header_timeout', 'default_type', 'error_log', 'gzip_comp_level', 'gzip_disable', 'gzip_http_version'],
  ...['gzip_min_length', 'gzip_proxied', 'gzip_types', 'gzip_vary', 'brotli_comp_level', 'brotli_types'],
  ...[
    'http2_push_preload',
    'ignore_invalid_headers',
    'keepalive_disable',
    'keepalive_requests',
    'keepalive_timeout',
    'large_client_header_buffers',
  ],
  ...['lingering_close', 'lingering_time', 'lingering_timeout', 'log_not_found', 'log_subrequest', 'msie_padding'],
  ...['output_buffers', 'port_in_redirect', 'proxy_buffer_size', 'proxy_buffering', 'proxy_buffers'],
  ...['proxy_busy_buffers_size', 'proxy_headers_hash_bucket_size', 'proxy_headers_hash_max_size', 'proxy_http_version'],
  ...['proxy_ignore_client_abort', 'proxy_max_temp_file_size', 'proxy_pass_header', 'proxy_pass_request_headers'],
  ...['proxy_request_buffering', 'proxy_socket_keepalive', 'proxy_ssl_session_reuse', 'proxy_temp_file_write_size'],
  ...['postpone_output', 'reset_timedout_connection', 'resolver', 'resolver_timeout', 'rewrite_log', 'send_timeout'],
  ...['sendfile', 'server_name_in_redirect', 'server_tokens', 'tcp_nodelay', 'tcp_nopush', 'types_hash_max_size'],
  ...['underscores_in_headers', 'opentelemetry', 'opentracing'],
]);

const AUTH_URL = 'the annotation auth-url';
const LIMITS = 'the annotations limit-rps, limit-rpm and limit-connections';
const PATHS = 'a rule with the path';
const WAF = 'a web application firewall before this program: there is none in it';
const TLS_OF_UPSTREAM = 'the annotations proxy-ssl-secret, proxy-ssl-verify and proxy-ssl-name';

/** What takes their place. */
export const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['auth_request', AUTH_URL],
  ['auth_basic', 'the annotations auth-type and auth-secret'],
  ['auth_basic_user_file', 'the annotations auth-type and auth-secret'],
  ['auth_jwt', 'kube-entry.io/jwt'],
  ['satisfy', 'the annotation satisfy'],
  ['limit_req', LIMITS],
  ['limit_conn', LIMITS],
  ['limit_rate', 'the annotation limit-rate'],
  ['error_page', 'the annotations custom-http-errors and default-backend'],
  ['proxy_intercept_errors', 'the annotation custom-http-errors'],
  ['proxy_pass', `${PATHS} whose backend is that Service, or a Service of type ExternalName`],
  ['grpc_pass', `${PATHS} with the annotation backend-protocol`],
  ['fastcgi_pass', 'a web server before the program that speaks FastCGI'],
  ['alias', 'a Service that has the files'],
  ['root', 'a Service that has the files'],
  ['try_files', 'a Service that has the files'],
  ['index', 'a Service that has the files'],
  ['location', PATHS],
  ['proxy_next_upstream', 'the annotation proxy-next-upstream'],
  ['proxy_next_upstream_tries', 'the annotation proxy-next-upstream-tries'],
  ['proxy_cookie_flags', 'proxy_cookie_path / "/; Secure; HttpOnly"'],
  ['proxy_cache', 'a cache in the Service, or before this program'],
  ['proxy_ssl_name', TLS_OF_UPSTREAM],
  ['proxy_ssl_server_name', TLS_OF_UPSTREAM],
  ['proxy_ssl_verify', TLS_OF_UPSTREAM],
  ['proxy_ssl_certificate', TLS_OF_UPSTREAM],
  ['proxy_ssl_trusted_certificate', TLS_OF_UPSTREAM],
  ['mirror', 'the annotation mirror-target'],
  ['set', 'the text itself where the variable stands'],
  ['map', 'a snippet of a Service: only whole configurations of nginx have maps'],
  ['sub_filter', 'the change in the Service: bodies are passed on as they are'],
  ['sub_filter_once', 'the change in the Service: bodies are passed on as they are'],
  ['charset', 'more_set_headers "Content-Type: text/html; charset=utf-8"'],
  ['set_real_ip_from', 'the setting trusted-proxies'],
  ['real_ip_header', 'the setting trusted-proxies'],
  ['ssl_protocols', 'the setting tls-min-version'],
  ['ssl_verify_client', 'the annotation auth-tls-verify-client'],
  ['modsecurity', WAF],
  ['modsecurity_rules', WAF],
  ['modsecurity_rules_file', WAF],
  ['lua_need_request_body', 'a program of your own in the Service: no code runs here'],
]);

/** Directives that run code have names of this kind. */
export const LUA = /_by_lua(?:_block|_file)?$/;
