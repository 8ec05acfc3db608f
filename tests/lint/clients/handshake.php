<?php
// Reads lines of name, CA file and port; prints name and whether a TLS handshake is accepted.
while (($line = fgets(STDIN)) !== false) {
    [$name, $authority, $port] = explode("\t", rtrim($line, "\n"));
    $why = [];
    set_error_handler(function ($level, $text) use (&$why) { $why[] = strtr($text, "\n\t", "  "); return true; });
    $context = stream_context_create(["ssl" => ["cafile" => $authority, "peer_name" => "localhost"]]);
    $socket = stream_socket_client("ssl://127.0.0.1:$port", $code, $text, 10, STREAM_CLIENT_CONNECT, $context);
    restore_error_handler();
    echo $name, "\t", $socket ? "ok\t" : "fails\t" . implode("; ", $why), "\n";
    if ($socket) {
        fclose($socket);
    }
}
