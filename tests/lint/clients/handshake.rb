# Reads lines of name, CA file and port; prints name and whether a TLS handshake is accepted.
require "openssl"
require "socket"

$stdin.each_line(chomp: true) do |line|
  name, authority, port = line.split("\t")
  verdict =
    begin
      context = OpenSSL::SSL::SSLContext.new
      context.set_params(ca_file: authority, verify_mode: OpenSSL::SSL::VERIFY_PEER)
      socket = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("localhost", Integer(port)), context)
      socket.hostname = "localhost"
      socket.connect
      socket.post_connection_check("localhost")
      socket.close
      "ok\t"
    rescue OpenSSL::OpenSSLError => error
      "fails\t#{error.message.lines.first.chomp}"
    end
  puts "#{name}\t#{verdict}"
end
