# frozen_string_literal: true

# Open each URL with net/http; print whether its certificate was accepted, and fail if one was not.
require 'net/http'
require 'openssl'

refused = false
ARGV.each do |url|
  Net::HTTP.get_response(URI(url))
  puts "#{url} accepted"
rescue OpenSSL::SSL::SSLError, SystemCallError => e
  refused = true
  puts "#{url} refused #{e.message}"
end
exit !refused
