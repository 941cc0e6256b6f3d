import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// https://vite.dev/config/
export default defineConfig({
  plugins: [react()],
  // For `npm run dev`: where the shop's own API listens. Tracking needs nothing here.
  server: { proxy: { '/api': process.env.SHOP_API ?? 'http://127.0.0.1:8601' } },
})
